;; Ends as soon as it has begun.
(module
  (memory (export "memory") 1)
  (func (export "_start")))
