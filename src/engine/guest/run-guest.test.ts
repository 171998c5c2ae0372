import assert from "node:assert/strict";
import { test } from "node:test";
import { KwasmError } from "#base";
import { startText } from "./guest-fixture.ts";

const imports = `(import "host" "exit" (func $exit (param i32))) (import "host" "wait" (func $wait))
  (import "host" "pass" (func $pass)) (import "host" "fail" (func $fail))`;

function command(body: string, rest = ""): string {
  return `(module ${imports} (memory (export "memory") 1) (func $main (export "_start") ${body}) ${rest})`;
}

test("ends with code 0 where the guest returns", async () => {
  const { guest, host } = await startText(command("(call $pass)"));
  assert.deepEqual(await guest.ended, { kind: "exit", code: 0 });
  assert.equal(host.closedCount, 1);
});

test("runs _initialize before _start", async () => {
  const initialize = `(global $state (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $state (i32.const 7)))`;
  const { guest } = await startText(command("(call $exit (global.get $state))", initialize));
  assert.deepEqual(await guest.ended, { kind: "exit", code: 7 });
});

/** Both forms of exception handling try to catch what `body` throws; a guest that can exits with 42. */
async function checkCatching(body: string, kill: boolean, expected: object): Promise<void> {
  const legacy = `(try (do ${body}) (catch_all (call $exit (i32.const 42))))`;
  const current = `(block $caught (try_table (catch_all $caught) ${body}) (return)) (call $exit (i32.const 42))`;
  for (const text of [legacy, current]) {
    const { guest } = await startText(command(text));
    if (kill) guest.kill("stopped");
    assert.deepEqual(await guest.ended, expected, text);
  }
}

test("lets a guest catch what a host call throws otherwise, in both forms", async () => {
  await checkCatching("(call $fail)", false, { kind: "exit", code: 42 });
});

test("does not let a guest catch its own exit", async () => {
  await checkCatching("(call $exit (i32.const 3))", false, { kind: "exit", code: 3 });
});

test("ends a waiting guest at once when it is killed, whatever it catches", async () => {
  await checkCatching("(call $wait)", true, { kind: "killed", reason: "stopped" });
});

test("keeps a reactor until it is killed", async () => {
  const { guest } = await startText('(module (func (export "_initialize")))');
  guest.kill("stopped");
  guest.kill("again");
  assert.deepEqual(await guest.ended, { kind: "killed", reason: "stopped" });
});

test("does nothing when a guest is killed that has ended", async () => {
  const { guest } = await startText(command(""));
  await guest.ended;
  guest.kill("late");
  assert.deepEqual(await guest.ended, { kind: "exit", code: 0 });
});

test("reports a trap with the names and the original positions of the guest's functions", async () => {
  const grow = "(drop (memory.grow (i32.const 1)))";
  const { guest } = await startText(command(`${grow} (call $inner)`, `(func $inner ${grow} unreachable)`));
  const end = await guest.ended;
  assert.equal(end.kind, "trap");
  if (end.kind !== "trap") return;
  assert.equal(end.trap, "unreachable");
  assert.match(end.message, /^wasm trap: wasm `unreachable`/);
  assert.deepEqual(
    end.frames.map((frame) => frame.functionName),
    ["inner", "main"],
  );
  assert.deepEqual(
    end.frames.map((frame) => frame.functionIndex),
    [5, 4],
  );
});

async function checkTrap(body: string, trap: string, rest = ""): Promise<void> {
  const { guest } = await startText(command(body, rest));
  const end = await guest.ended;
  assert.equal(end.kind === "trap" ? end.trap : end, trap, body);
}

test("tells traps apart", async () => {
  await checkTrap("(drop (i32.load (i32.const -1)))", "memory-out-of-bounds");
  await checkTrap("(memory.fill (i32.const -1) (i32.const 0) (i32.const 9))", "memory-out-of-bounds");
  await checkTrap("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "integer-divide-by-zero");
  await checkTrap("(drop (i32.rem_u (i32.const 1) (i32.const 0)))", "integer-divide-by-zero");
  await checkTrap("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", "integer-overflow");
  await checkTrap("(drop (i32.trunc_f32_s (f32.const nan)))", "invalid-conversion-to-integer");
  await checkTrap("(drop (i32.atomic.load (i32.const 1)))", "unaligned-atomic");
  await checkTrap("(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0)))", "wait-not-allowed");
  await checkTrap("(call $main)", "call-stack-exhausted");
  await checkTrap("(throw $tag)", "uncaught-exception", "(tag $tag)");
  await checkTrap("(call $fail)", "host-failure");
  const table = "(table 2 funcref) (elem (i32.const 1) $other) (func $other (param i32))";
  await checkTrap("(call_indirect (i32.const 9))", "table-out-of-bounds", table);
  await checkTrap("(call_indirect (i32.const 0))", "indirect-call-mismatch", table);
  await checkTrap("(call_indirect (i32.const 1))", "indirect-call-mismatch", table);
  await checkTrap("(drop (table.get 0 (i32.const 9)))", "table-out-of-bounds", table);
});

test("reports what fails while an instance is made as its end", async () => {
  await checkTrap("", "unreachable", "(func $begin unreachable) (start $begin)");
  await checkTrap("", "memory-out-of-bounds", '(data (i32.const 65536) "x")');
  await checkTrap("", "table-out-of-bounds", "(table 1 funcref) (elem (i32.const 1) $main)");
  await checkTrap("", "suspension-not-allowed", "(func $begin (call $wait)) (start $begin)");
});

test("reports a trap after a refused growth as out of memory, with what was asked and the limit", async () => {
  const { guest } = await startText(command("(drop (memory.grow (i32.const 100))) unreachable"));
  const end = await guest.ended;
  assert.equal(end.kind, "out-of-memory");
  const refusal = { askedBytes: 100 * 65_536, limitBytes: 2 ** 20 };
  assert.deepEqual(guest.memoryRefused(), refusal);
  if (end.kind === "out-of-memory") assert.equal(end.limitBytes, refusal.limitBytes);
});

test("lets a guest go on without the memory it was refused, and remembers it", async () => {
  const { guest } = await startText(command("(drop (memory.grow (i32.const -1)))"));
  assert.deepEqual(await guest.ended, { kind: "exit", code: 0 });
  assert.equal(guest.memoryRefused()?.askedBytes, 0xffff_ffff * 65_536);
});

test("says how much memory a guest has, and had", async () => {
  const { guest } = await startText(command("(drop (memory.grow (i32.const 2))) (call $wait)"));
  assert.equal(guest.memoryBytes(), 3 * 65_536);
  assert.equal(guest.memoryRefused(), undefined);
  guest.kill("stopped");
  await guest.ended;
  assert.equal(guest.memoryBytes(), 3 * 65_536);
});

test("binds the exported memory, or one of no pages", async () => {
  const two = `(module ${imports} (memory 1) (memory (export "memory") 2))`;
  for (const [text, bytes] of [
    [two, 131_072],
    ["(module)", 0],
  ] as const) {
    const { guest, host } = await startText(text);
    assert.equal(host.memory?.buffer.byteLength, bytes);
    guest.kill("stopped");
    await guest.ended;
  }
});

test("names every import that the host lacks, and those of another kind", async () => {
  const text = `(module (import "host" "pass" (func)) (import "env" "puts" (func)) (import "host" "constructor" (func))
    (import "host" "exit" (global i32)) (import "__proto__" "toString" (memory 1)))`;
  await assert.rejects(startText(text), (error) => {
    assert.ok(error instanceof KwasmError && error.code === "unsupported");
    for (const name of ['"env" "puts"', '"host" "constructor"', '"host" "exit" (global)', '"__proto__" "toString"']) {
      assert.ok(error.message.includes(name), name);
    }
    assert.ok(!error.message.includes('"pass"'));
    return true;
  });
});

test("never shows one guest the memory of another", async () => {
  const write = "(memory.fill (i32.const 0) (i32.const 255) (i32.const 65536))";
  const read = `(local $at i32) (loop $next
    (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (call $exit (i32.const 1))))
    (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 65536))))`;
  for (let round = 0; round < 5; round++) {
    assert.deepEqual(await (await startText(command(write))).guest.ended, { kind: "exit", code: 0 });
    assert.deepEqual(await (await startText(command(read))).guest.ended, { kind: "exit", code: 0 });
  }
});

const growByPages = "(func $grow (param i32) (result i32) (memory.grow (local.get 0)))";

test("holds a guest to a cap that changed while it waited, and lets it keep what it has", async () => {
  const body = `(drop (call $grow (i32.const 3))) (call $pass)
    (call $exit (i32.add (i32.mul (i32.const 10) (call $grow (i32.const 1))) (memory.size)))`;
  const text = command(body, growByPages);
  for (const [cap, code] of [
    [4 * 65_536, -10 + 4],
    [65_536, -10 + 4],
    [5 * 65_536, 40 + 5],
  ] as const) {
    const { guest } = await startText(text, { memoryBytesMax: 4 * 65_536 });
    guest.limitMemory(cap);
    assert.deepEqual(await guest.ended, { kind: "exit", code }, String(cap));
    assert.equal(guest.memoryRefused()?.limitBytes, code < 0 ? cap : undefined);
  }
});

test("a start function may grow the memory up to the cap", async () => {
  const begin = "(func $begin (drop (memory.grow (i32.const 1))) (drop (memory.grow (i32.const 1)))) (start $begin)";
  const { guest } = await startText(command("(call $exit (memory.size))", begin), { memoryBytesMax: 2 * 65_536 });
  assert.deepEqual(await guest.ended, { kind: "exit", code: 2 });
  assert.deepEqual(guest.memoryRefused(), { askedBytes: 65_536, limitBytes: 2 * 65_536 });
});

test("counts memories and tables, as they are now", async () => {
  const table = "(table 5 20 funcref) (table 7 7 funcref)";
  const body = `(drop (memory.grow (i32.const 2))) (drop (table.grow 0 (ref.null func) (i32.const 10))) (call $wait)`;
  const { guest } = await startText(command(body, table));
  assert.equal(guest.memoryBytes(), 3 * 65_536 + (15 + 7) * 24);
  guest.kill("stopped");
  await guest.ended;
  assert.equal(guest.memoryBytes(), 3 * 65_536 + (15 + 7) * 24);
});
