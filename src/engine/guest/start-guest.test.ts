import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryPipe, DescriptorBudget } from "../host/index.ts";
import { createLoader } from "../loader/index.ts";
import { wat } from "../loader/wat-fixture.ts";
import type { GuestEnd } from "./guest-end.ts";
import { type GuestConfig, startGuest } from "./start-guest.ts";

const loader = createLoader();
const p1 = "wasi_snapshot_preview1";
const preamble = `(import "${p1}" "proc_exit" (func $exit (param i32)))
  (import "${p1}" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\\10\\00\\00\\00\\04\\00\\00\\00")`;

interface Attempt {
  readonly config?: Partial<GuestConfig>;
  readonly kill?: boolean;
}

async function run(body: string, { config = {}, kill = false }: Attempt = {}): Promise<GuestEnd> {
  const text = `(module ${preamble} (func (export "_start") ${body}))`;
  const module = await loader.load(wat(text), { memoryBytesMax: 2 ** 20 });
  const guest = await startGuest(module, { budget: new DescriptorBudget(16), ...config });
  if (kill) guest.kill("stopped");
  return guest.ended;
}

const readInput = "(drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))";

test("ends with the code of proc_exit, which the guest cannot catch", async () => {
  const body = "(try (do (call $exit (i32.const 9))) (catch_all (call $exit (i32.const 1))))";
  assert.deepEqual(await run(body), { kind: "exit", code: 9 });
});

test("goes on where a read has waited for its input", async () => {
  const pipe = createMemoryPipe();
  const ended = run(`${readInput} (call $exit (i32.load8_u (i32.const 16)))`, { config: { stdin: pipe.input } });
  pipe.output.write(Uint8Array.of(77));
  assert.deepEqual(await ended, { kind: "exit", code: 77 });
});

test("kills a guest that waits for input and would catch everything", async () => {
  const body = `(loop $again (try (do ${readInput}) (catch_all)) (br $again))`;
  const { input } = createMemoryPipe();
  assert.deepEqual(await run(body, { config: { stdin: input }, kill: true }), { kind: "killed", reason: "stopped" });
});
