import assert from "node:assert/strict";
import { test } from "node:test";
import { type ErrorCode, KwasmError } from "#base";
import { binary } from "./binary-fixture.ts";
import { createLoader, type Loader } from "./loader.ts";
import { sectionIds } from "./module-layout.ts";
import { parseModule } from "./parse-module.ts";
import { rewriteModule } from "./rewrite-module.ts";
import { wat } from "./wat-fixture.ts";

const memoryBytesMax = 2 ** 20;
const command = wat('(module (memory 1) (func (export "_start")))');

test("tells commands from reactors", async () => {
  const loader = createLoader();
  assert.equal((await loader.load(command, { memoryBytesMax })).kind, "command");
  const reactor = wat('(module (func (export "_initialize")))');
  assert.equal((await loader.load(reactor, { memoryBytesMax })).kind, "reactor");
  const exportsNoFunction = wat('(module (global (export "_start") i32 (i32.const 1)))');
  assert.equal((await loader.load(exportsNoFunction, { memoryBytesMax })).kind, "reactor");
});

test("shares one compilation among simultaneous and later loads of the same bytes", async () => {
  const loader = createLoader();
  const loads = [loader.load(command, { memoryBytesMax }), loader.load(command.slice(), { memoryBytesMax: 2 ** 21 })];
  const [first, second] = await Promise.all(loads);
  assert.equal(first?.compiled, second?.compiled);
  assert.notEqual(first?.memoryBytesMax, second?.memoryBytesMax, "the limit is not part of what is compiled");
  const later = await loader.load(command, { memoryBytesMax });
  assert.equal(later.compiled, first?.compiled);
});

test("tells how long it compiled to the load that had it done", async () => {
  const loader = createLoader();
  const told: string[] = [];
  const load = (name: string) => loader.load(command, { memoryBytesMax, onCompiled: () => told.push(name) });
  await Promise.all([load("first"), load("second")]);
  await load("third");
  assert.deepEqual(told, ["first"]);
});

test("compiles another variant only where the limit changes a table", async () => {
  const loader = createLoader();
  const bytes = wat("(module (table 1 funcref))");
  const [small, nearly, large] = await Promise.all(
    [2 ** 20, 2 ** 20 + 4096, 2 ** 24].map((limit) => loader.load(bytes, { memoryBytesMax: limit })),
  );
  assert.equal(small?.compiled, nearly?.compiled);
  assert.notEqual(small?.compiled, large?.compiled);
});

test("forgets the least recently used module where the cache is full", async () => {
  const other = wat('(module (memory 2) (func (export "_start")))');
  const loader = createLoader({ cacheBytesMax: command.length + 60 });
  const first = await loader.load(command, { memoryBytesMax });
  assert.equal((await loader.load(command, { memoryBytesMax })).compiled, first.compiled);
  await loader.load(other, { memoryBytesMax });
  assert.notEqual((await loader.load(command, { memoryBytesMax })).compiled, first.compiled);
});

test("is not changed by a caller that changes its bytes during the load", async () => {
  const bytes = command.slice();
  const pending = createLoader().load(bytes, { memoryBytesMax });
  bytes.fill(0);
  assert.equal((await pending).kind, "command");
});

async function checkRefused(loader: Loader, bytes: Uint8Array, code: ErrorCode): Promise<void> {
  await assert.rejects(
    loader.load(bytes, { memoryBytesMax }),
    (error) => error instanceof KwasmError && error.code === code,
  );
}

/** Function 0 grows the memory and calls function 1, which does not exist before the helper is appended. */
const callsTheHelper = binary(
  [sectionIds.type, [1, 0x60, 0, 0]],
  [sectionIds.function, [1, 0]],
  [sectionIds.memory, [1, 0, 1]],
  [sectionIds.code, [1, 12, 0, 0x41, 1, 0x40, 0, 0x1a, 0x41, 1, 0x10, 1, 0x1a, 0x0b]],
);

test("refuses invalid modules, also those that rewriting would make valid, and does not remember them", async () => {
  assert.ok(WebAssembly.validate(rewriteModule(parseModule(callsTheHelper), []).bytes));
  const loader = createLoader();
  await checkRefused(loader, callsTheHelper, "corrupt");
  await checkRefused(loader, callsTheHelper, "corrupt");
});

test("says what a module needs where its start is above the limit", async () => {
  await checkRefused(createLoader(), wat("(module (memory 17))"), "limit-exceeded");
});
