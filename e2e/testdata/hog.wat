;; Takes memory until there is none left, then fails as a program does whose allocation failed.
(module
  (memory (export "memory") 1)
  (func $hog (export "_start")
    (loop $more
      (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
    unreachable))
