import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryPipe, DescriptorBudget, PauseGate } from "../host/index.ts";
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

test("holds a paused guest back where its call has waited, until it is resumed", async () => {
  const { input, output } = createMemoryPipe();
  const gate = new PauseGate();
  const told: string[] = [];
  const thread = {
    enter: () => told.push("enter"),
    leave: (bytes: number) => told.push(`leave ${String(bytes)}`),
    yield: () => told.push("yield"),
  };
  const body = `${readInput} (call $exit (i32.load8_u (i32.const 16)))`;
  const ended = run(body, { config: { stdin: input, gate, thread } });
  await turns(2);
  gate.close();
  output.write(Uint8Array.of(77));
  await turns(2);
  const before = ["enter", "leave 65536", "enter", "leave 65536"];
  assert.deepEqual(told, before, "it was made, it ran to its wait, and no further");
  gate.open();
  assert.deepEqual(await ended, { kind: "exit", code: 77 });
  assert.deepEqual(told, [...before, "enter", "leave 65536"]);
});

test("kills a guest that is paused", async () => {
  const { input, output } = createMemoryPipe();
  const gate = new PauseGate();
  gate.close();
  const module = await loader.load(wat(`(module ${preamble} (func (export "_start") ${readInput}))`), {
    memoryBytesMax: 2 ** 20,
  });
  const guest = await startGuest(module, { budget: new DescriptorBudget(16), stdin: input, gate });
  output.write(Uint8Array.of(77));
  await turns(2);
  guest.kill("stopped");
  assert.deepEqual(await guest.ended, { kind: "killed", reason: "stopped" });
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
