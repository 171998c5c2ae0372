import { wat } from "../../loader/wat-fixture.ts";

/**
 * A module as Spin's first SDKs make it, which says nothing of its world. It answers by the letter after the slash: "v" its
 * variable `greeting`, "k" what it has just put into the store `default`, "h" what the URI behind the letter answers, "s" how
 * many rows a query has. An error is answered as `!` and the number of its case.
 */
export function firstModule(): Uint8Array<ArrayBuffer> {
  return wat(`(module
    (import "spin-config" "get-config" (func $config (param i32 i32 i32)))
    (import "key-value" "open" (func $open (param i32 i32 i32)))
    (import "key-value" "set" (func $set (param i32 i32 i32 i32 i32 i32)))
    (import "key-value" "get" (func $get (param i32 i32 i32 i32)))
    (import "key-value" "close" (func $close (param i32)))
    (import "sqlite" "open" (func $connect (param i32 i32 i32)))
    (import "sqlite" "execute" (func $execute (param i32 i32 i32 i32 i32 i32)))
    (import "wasi-outbound-http" "request"
      (func $request (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (memory (export "memory") 8)
    (global $next (mut i32) (i32.const 4096))
    (data (i32.const 64) "greeting")
    (data (i32.const 80) "default")
    (data (i32.const 96) "SELECT 1 UNION SELECT 2")
    (func (export "canonical_abi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
      (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (local.get $size))))
    (func $answer (param $at i32) (param $length i32)
      (i32.store (i32.const 36) (local.get $at))
      (i32.store (i32.const 40) (local.get $length)))
    ;; Whether the result at 256 is an error, which is the answer then.
    (func $failed (result i32)
      (if (i32.load8_u (i32.const 256)) (then
        (i32.store8 (i32.const 240) (i32.const 33))
        (i32.store8 (i32.const 241) (i32.add (i32.const 48) (i32.load8_u (i32.const 260))))
        (call $answer (i32.const 240) (i32.const 2))))
      (i32.load8_u (i32.const 256)))
    (func $store (param $uri i32) (param $length i32)
      (local $store i32)
      (call $open (i32.const 80) (i32.const 7) (i32.const 256))
      (if (call $failed) (then (return)))
      (local.set $store (i32.load (i32.const 260)))
      (call $set (local.get $store) (i32.const 64) (i32.const 8) (local.get $uri) (local.get $length) (i32.const 256))
      (if (call $failed) (then (return)))
      (call $get (local.get $store) (i32.const 64) (i32.const 8) (i32.const 256))
      (if (call $failed) (then (return)))
      (call $answer (i32.load (i32.const 260)) (i32.load (i32.const 264)))
      (call $close (local.get $store))
      (if (i32.eq (i32.load8_u (i32.add (local.get $uri) (i32.const 2))) (i32.const 33)) (then
        (call $get (local.get $store) (i32.const 64) (i32.const 8) (i32.const 256))
        (drop (call $failed)))))
    (func $query
      (call $connect (i32.const 80) (i32.const 7) (i32.const 256))
      (if (call $failed) (then (return)))
      (call $execute (i32.load (i32.const 260)) (i32.const 96) (i32.const 23) (i32.const 0) (i32.const 0) (i32.const 256))
      (if (call $failed) (then (return)))
      (i32.store8 (i32.const 240) (i32.add (i32.const 48) (i32.load (i32.const 272))))
      (call $answer (i32.const 240) (i32.const 1)))
    (func (export "handle-http-request") (param $method i32) (param $uri i32) (param $length i32)
      (param i32 i32 i32 i32 i32 i32 i32) (result i32)
      (local $letter i32)
      (i32.store16 (i32.const 16) (i32.const 200))
      (i32.store8 (i32.const 20) (i32.const 0))
      (i32.store8 (i32.const 32) (i32.const 1))
      (local.set $letter (i32.load8_u (i32.add (local.get $uri) (i32.const 1))))
      (if (i32.eq (local.get $letter) (i32.const 118)) (then
        (call $config (i32.const 64) (i32.const 8) (i32.const 256))
        (if (i32.eqz (call $failed)) (then (call $answer (i32.load (i32.const 260)) (i32.load (i32.const 264)))))))
      (if (i32.eq (local.get $letter) (i32.const 107)) (then (call $store (local.get $uri) (local.get $length))))
      (if (i32.eq (local.get $letter) (i32.const 115)) (then (call $query)))
      (if (i32.eq (local.get $letter) (i32.const 104)) (then
        (call $request (i32.const 0) (i32.add (local.get $uri) (i32.const 2)) (i32.sub (local.get $length) (i32.const 2))
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
          (i32.const 256))
        (if (i32.eqz (call $failed)) (then (call $answer (i32.load (i32.const 280)) (i32.load (i32.const 284)))))))
      (i32.const 16)))`);
}
