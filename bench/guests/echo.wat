;; Sends back what it receives, one connection after the other, on the listener that is its first descriptor.
(module
  (import "wasi_snapshot_preview1" "sock_accept" (func $sock_accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $sock_recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $sock_send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (memory (export "memory") 2)
  ;; At 0 the buffer to receive into; at 8 what is sent of it; at 16 connection, at 20 sent, at 24 flags.
  (data (i32.const 0) "\00\10\00\00\00\10\00\00\00\10\00\00")
  (func $serve (param $connection i32)
    (loop $more
      (if (call $sock_recv (local.get $connection) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 12) (i32.const 24))
        (then (return)))
      (if (i32.eqz (i32.load (i32.const 12))) (then (return)))
      (br_if $more
        (i32.eqz (call $sock_send (local.get $connection) (i32.const 8) (i32.const 1) (i32.const 0) (i32.const 20))))))
  (func (export "_start")
    (loop $next
      (if (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 16)) (then (return)))
      (call $serve (i32.load (i32.const 16)))
      (drop (call $fd_close (i32.load (i32.const 16))))
      (br $next))))
