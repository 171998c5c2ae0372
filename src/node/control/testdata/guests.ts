import { createHash } from "node:crypto";

import wabt from "wabt";

/**
 * Small guests as text. Each prints or waits by WASI 0.1's own functions; addresses below 64 hold iovecs and results,
 * texts stand from 64 on.
 */
const prelude = `
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $print (param $fd i32) (param $text i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $text))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))`;

/** One relative clock subscription of an hour: 48 bytes at 128, its event at 192. */
const sleepForAnHour = `
    (i32.store8 (i32.const 136) (i32.const 0))
    (i32.store (i32.const 144) (i32.const 1))
    (i64.store (i32.const 152) (i64.const 3600000000000))
    (drop (call $poll (i32.const 128) (i32.const 192) (i32.const 1) (i32.const 16)))`;

const guests = {
  greeter: `
  (data (i32.const 64) "hello\\n")
  (data (i32.const 80) "careful\\n")
  (func (export "_start")
    (call $print (i32.const 1) (i32.const 64) (i32.const 6))
    (call $print (i32.const 2) (i32.const 80) (i32.const 8))
    (call $proc_exit (i32.const 3)))`,
  trapper: `
  (func $do_the_wrong_thing unreachable)
  (func (export "_start") (call $do_the_wrong_thing))`,
  sleeper: `(func (export "_start") ${sleepForAnHour})`,
  spinner: `(func (export "_start") (loop $again (br $again)))`,
  grower: `
  (func (export "_start")
    (loop $again
      (if (call $accept (i32.const 3) (i32.const 0) (i32.const 12)) (then unreachable))
      (i32.store8 (i32.const 64) (if (result i32) (i32.eq (memory.grow (i32.const 1)) (i32.const -1))
        (then (i32.const 255)) (else (memory.size))))
      (call $print (i32.load (i32.const 12)) (i32.const 64) (i32.const 1))
      (br $again)))`,
  acceptor: `
  (data (i32.const 64) "welcome")
  (func (export "_start")
    (if (call $accept (i32.const 3) (i32.const 0) (i32.const 12)) (then unreachable))
    (call $print (i32.load (i32.const 12)) (i32.const 64) (i32.const 7)))`,
} as const;

/** A guest of this file, assembled. */
export async function guestModule(name: keyof typeof guests): Promise<{ bytes: Uint8Array; digest: string }> {
  const assembler = await wabt();
  const module = assembler.parseWat(`${name}.wat`, `(module ${prelude} ${guests[name]})`);
  const bytes = module.toBinary({ write_debug_names: true }).buffer;
  module.destroy();
  return { bytes, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` };
}
