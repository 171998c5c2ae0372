;; Writes lines as fast as they are taken.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\00\10\00\00")
  (func $flood (export "_start")
    (memory.fill (i32.const 16) (i32.const 120) (i32.const 4095))
    (i32.store8 (i32.const 4111) (i32.const 10))
    (loop $more
      (br_if $more (i32.eqz (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
    unreachable))
