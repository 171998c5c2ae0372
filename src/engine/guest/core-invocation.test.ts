import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryPipe, DescriptorBudget } from "../host/index.ts";
import { createLoader } from "../loader/index.ts";
import { wat } from "../loader/wat-fixture.ts";
import { planCoreInvocation } from "./core-invocation.ts";
import { startGuest } from "./start-guest.ts";

const bytes = Uint8Array.from(
  wat(`(module
    (import "env" "missing" (func $missing))
    (global $ready (mut i32) (i32.const 0))
    (func (export "_initialize") (global.set $ready (i32.const 1)))
    (func (export "add") (param i32 i64 f32 f64) (result i32 i64 f32 f64)
      (i32.add (local.get 0) (global.get $ready))
      (i64.add (local.get 1) (i64.const 1))
      (f32.add (local.get 2) (f32.const 0.5))
      (f64.neg (local.get 3)))
    (func (export "nothing"))
    (func (export "call") (call $missing))
    (func (export "take") (param externref)))`),
);

/** How a call ends, and what it printed. */
async function invoke(text: string) {
  const module = await createLoader().load(bytes, { memoryBytesMax: 2 ** 20 });
  const { input, output } = createMemoryPipe();
  const call = planCoreInvocation(bytes, text);
  const budget = new DescriptorBudget(10);
  const guest = await startGuest(module, { call, stdout: output, budget, trapsUnknownImports: true });
  const end = await guest.ended;
  const printed = input.read(1_000);
  return { end, text: printed instanceof Uint8Array ? Buffer.from(printed).toString() : "" };
}

test("an exported function is called with numbers after the module is initialised", async () => {
  const { end, text } = await invoke("add(4294967295, -1, 1.25, nan)");
  assert.deepEqual(end, { kind: "exit", code: 0 });
  assert.equal(text, "0\n0\n1.75\nnan\n");
  assert.equal((await invoke("nothing()")).text, "");
});

test("an import that nobody offers traps when it is called", async () => {
  const { end } = await invoke("call()");
  assert.equal(end.kind, "trap");
  assert.match(end.kind === "trap" ? end.message : "", /it called the unknown import "env#missing"/);
});

test("a call that cannot be made is refused", () => {
  for (const [text, code] of [
    ["missing()", "not-found"],
    ["take(1)", "unsupported"],
    ["add(1)", "invalid-argument"],
    ["add(1, 2, 3, 4, 5)", "invalid-argument"],
    ["add(4294967296, 2, 3, 4)", "invalid-argument"],
    ["nothing() ()", "invalid-argument"],
  ] as const) {
    assert.throws(() => planCoreInvocation(bytes, text), { code }, text);
  }
});
