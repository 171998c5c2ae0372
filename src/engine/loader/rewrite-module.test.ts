import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { planMemory } from "./memory-plan.ts";
import { parseModule } from "./parse-module.ts";
import { memoryLimitExport, refusedGlobalExport, rewriteModule, startExport, tableExport } from "./rewrite-module.ts";
import { originalOffset, type RewrittenBytes } from "./section-writer.ts";
import { wat } from "./wat-fixture.ts";

function rewrite(bytes: Uint8Array<ArrayBuffer>, memoryBytesMax = 2 ** 20): RewrittenBytes {
  const layout = parseModule(bytes);
  return rewriteModule(layout, planMemory(layout, memoryBytesMax).tables);
}

function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  memories: readonly WebAssembly.Memory[] = [],
): WebAssembly.Exports {
  const imports = Object.fromEntries(memories.map((memory, index) => [`memory${index}`, memory]));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { "kwasm:instance": imports }).exports;
}

function call(exports: WebAssembly.Exports, name: string, ...values: unknown[]): unknown {
  const entry = exports[name];
  assert.ok(typeof entry === "function", name);
  return Reflect.apply(entry, undefined, values);
}

/** As the engine does before the guest's first instruction, and whenever its limit changes. */
function limit(exports: WebAssembly.Exports, pages: number, index = 0): void {
  const global = exports[memoryLimitExport(index)];
  assert.ok(global instanceof WebAssembly.Global);
  global.value = pages;
}

function refused(exports: WebAssembly.Exports): unknown {
  const global = exports[refusedGlobalExport];
  assert.ok(global instanceof WebAssembly.Global);
  return global.value;
}

const growing = wat(`(module (memory (export "memory") 1)
  (func (export "size") (result i32) (memory.size))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`);

test("takes the memory from the engine and notes what it refuses", () => {
  const exports = instantiate(rewrite(growing).bytes, [new WebAssembly.Memory({ initial: 1 })]);
  limit(exports, 3);
  assert.equal(call(exports, "grow", 2), 1);
  assert.equal(refused(exports), 0);
  assert.equal(call(exports, "grow", 70), -1);
  assert.equal(refused(exports), 70);
  assert.equal(call(exports, "size"), 3);
});

test("holds a memory to a limit that changes, and refuses nothing to one that does not grow", () => {
  const exports = instantiate(rewrite(growing).bytes, [new WebAssembly.Memory({ initial: 1 })]);
  assert.equal(call(exports, "grow", 1), -1, "before the engine has set a limit");
  for (const [pages, delta, answer] of [
    [4, 4, -1],
    [4, 3, 1],
    [4, 0, 4],
    [4, 1, -1],
    [4, -1, -1],
    [5, 1, 4],
  ] as const) {
    limit(exports, pages);
    assert.equal(call(exports, "grow", delta), answer, `${pages} ${delta}`);
  }
});

test("begins with as many pages as the memory has, however many these are", () => {
  for (const initial of [0, 63, 64, 127, 128, 8_191, 8_192]) {
    const text = `(module (memory ${initial}) (func (drop (memory.grow (i32.const 1)))))`;
    const exports = instantiate(rewrite(wat(text), 2 ** 30).bytes, [new WebAssembly.Memory({ initial })]);
    const global = exports[memoryLimitExport(0)];
    assert.equal(global instanceof WebAssembly.Global && global.value, initial);
  }
});

test("exports a start function that could grow a memory before its limit is set, and leaves others alone", () => {
  const grows = wat("(module (memory 1) (func $begin (drop (memory.grow (i32.const 1)))) (start $begin))");
  const memory = new WebAssembly.Memory({ initial: 1 });
  const exports = instantiate(rewrite(grows).bytes, [memory]);
  limit(exports, 2);
  call(exports, startExport);
  assert.equal(memory.buffer.byteLength, 2 * 65_536);
  const traps = wat("(module (func $begin unreachable) (start $begin))");
  assert.throws(() => instantiate(rewrite(traps).bytes), WebAssembly.RuntimeError);
});

test("keeps several memories apart", () => {
  const { bytes } = rewrite(
    wat(`(module (memory 1) (memory 2)
      (func (export "grow0") (result i32) (memory.grow 0 (i32.const 1)))
      (func (export "grow1") (result i32) (memory.grow 1 (i32.const 1))))`),
  );
  const memories = [1, 2].map((initial) => new WebAssembly.Memory({ initial, maximum: initial }));
  const exports = instantiate(bytes, memories);
  for (const index of [0, 1]) limit(exports, 9, index);
  assert.deepEqual([call(exports, "grow0"), call(exports, "grow1")], [-1, -1]);
});

test("writes the greatest size of a growing table into the module", () => {
  const bytes = wat(`(module (table 3 funcref)
    (func (export "grow") (param i32) (result i32) (table.grow 0 (ref.null func) (local.get 0))))`);
  const exports = instantiate(rewrite(bytes, 8 * 24 * 64).bytes);
  assert.equal(call(exports, "grow", 64), 3);
  assert.equal(call(exports, "grow", 1), -1);
  const table = exports[tableExport(0)];
  assert.ok(table instanceof WebAssembly.Table);
  assert.equal(table.length, 67);
});

test("leaves names and code alone and drops other custom sections", () => {
  const bytes = wat('(module (func $inner unreachable) (func $outer (export "run") (call $inner)))');
  const custom = Uint8Array.of(...bytes, 0x00, 0x04, 0x01, 0x78, 0x01, 0x02);
  const rewritten = rewrite(custom).bytes;
  assert.deepEqual(WebAssembly.Module.customSections(new WebAssembly.Module(rewritten), "x"), []);
  const exports = instantiate(rewritten);
  assert.throws(
    () => call(exports, "run"),
    (error) => error instanceof Error && /at inner .*\n.*at outer /.test(error.stack ?? ""),
  );
});

test("refuses a module that exports the engine's own name", () => {
  const bytes = wat('(module (memory 1) (func (export "kwasm:memory-refused") (drop (memory.grow (i32.const 1)))))');
  assert.throws(
    () => rewrite(bytes),
    (error) => error instanceof KwasmError && error.code === "invalid-argument",
  );
});

test("leads positions back to the original file", () => {
  const { bytes, origins } = rewrite(growing);
  const grow = growing.lastIndexOf(0x40);
  const callInstead = bytes.findIndex((byte, index) => byte === 0x20 && bytes[index + 2] === 0x10) + 2;
  assert.equal(originalOffset(origins, callInstead), grow);
  assert.equal(originalOffset(origins, 3), 3);
});

/** Random programs: each function is a list of pieces that leave one number and use what the rewriter changes. */
const piece = fc.constantFrom(
  "(memory.grow (i32.const 1))",
  "(memory.grow (i32.const 9))",
  "(memory.size)",
  "(i32.const 64)",
  "(block (result i32) (br 0 (i32.const 16385)))",
  "(i32.load (i32.const 8))",
  "(table.size 0)",
  "(table.grow 0 (ref.null func) (i32.const 1))",
  "(call 0)",
);
const body = fc
  .array(piece, { maxLength: 12 })
  .map((pieces) => pieces.reduce((sum, next) => `(i32.add ${sum} ${next})`, "(i32.const 1)"));
const program = fc.record({
  bodies: fc.array(body, { minLength: 1, maxLength: 6 }),
  globals: fc.nat({ max: 2 }),
  maximum: fc.integer({ min: 1, max: 6 }),
});

test("computes what the original computes", () => {
  fc.assert(
    fc.property(program, ({ bodies, globals, maximum }) => {
      const functions = bodies.map((text, index) => `(func (export "f${index}") (result i32) ${text})`);
      const bytes = wat(
        `(module (func (result i32) (i32.const 3)) (table 1 9 funcref) (memory 1 ${maximum})
          ${"(global i32 (i32.const 1))".repeat(globals)} ${functions.join("\n")})`,
      );
      const original = instantiate(bytes);
      const rewritten = instantiate(rewrite(bytes).bytes, [new WebAssembly.Memory({ initial: 1, maximum })]);
      if (memoryLimitExport(0) in rewritten) limit(rewritten, maximum);
      for (const index of bodies.keys()) assert.equal(call(rewritten, `f${index}`), call(original, `f${index}`));
    }),
  );
});
