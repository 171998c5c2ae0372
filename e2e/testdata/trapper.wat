;; Fails in a function that has a name.
(module
  (memory (export "memory") 1)
  (func $read_out_of_bounds (drop (i32.load (i32.const 65536))))
  (func (export "_start") (call $read_out_of_bounds)))
