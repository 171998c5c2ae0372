;; Makes the file "out" in its first directory and writes a line to it; its exit code is the error that kept it from that.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\20\00\00\00\08\00\00\00")
  (data (i32.const 16) "out")
  (data (i32.const 32) "written\0a")
  (func $check (param $error i32) (if (local.get $error) (then (call $proc_exit (local.get $error)))))
  (func (export "_start")
    (call $check
      (call $path_open
        (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 3) (i32.const 1)
        (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 8)))
    (call $check (call $fd_write (i32.load (i32.const 8)) (i32.const 0) (i32.const 1) (i32.const 12)))))
