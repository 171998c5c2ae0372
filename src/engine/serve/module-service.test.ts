import assert from "node:assert/strict";
import { test } from "node:test";
import { KwasmError } from "#base";
import { mutate, randomFrom } from "../../../tools/fuzz/mutate.ts";
import { compileModule } from "../component/index.ts";
import { earlyModule, wideModule, worldModule } from "../component/testing/world-module.ts";
import { createMemoryPipe } from "../host/index.ts";
import { wat } from "../loader/wat-fixture.ts";
import { ServiceFixture } from "./testing/service-fixture.ts";

const limits = { memoryBytesMax: 2 ** 24 };

test("a core module that says its world answers requests, and writes by WASI 0.1", async () => {
  const output = createMemoryPipe(1_024);
  await using service = await ServiceFixture.start({}, { stdout: output.output }, earlyModule());
  for (let left = 2; left > 0; left -= 1) {
    const { status, headers, body } = await service.get("/");
    assert.deepEqual([status, headers["x-early"], body], [203, "yes", "as it was"]);
  }
  assert.match(Buffer.from(output.input.read(1_024) as Uint8Array).toString(), /asked\n/u);
});

test("its exports and imports are those of a component", async () => {
  const plan = await compileModule(earlyModule(), limits);
  assert.deepEqual(
    [plan?.exports.map(({ name }) => name), plan?.imports.map(({ name }) => name)],
    [
      ["wasi:http/incoming-handler@0.2.0-rc-2023-10-18"],
      ["wasi:io/streams@0.2.0-rc-2023-10-18", "wasi:http/types@0.2.0-rc-2023-10-18"],
    ],
  );
});

test("a function that no host has is refused where an instance is made, or is what stands for unknown ones", async () => {
  const module = earlyModule('(import "gone" "away" (func $away))');
  await using service = await ServiceFixture.start({}, {}, module);
  assert.equal((await service.get("/")).status, 500);
  assert.match(service.readLog(), /does not offer function "gone#away"/u);
  const labels: string[] = [];
  const plan = await compileModule(module, limits);
  plan?.instantiate({ interfaces: {}, unknown: (label) => () => labels.push(label) }).release();
  assert.deepEqual(labels, []);
});

test("a function that is not of the type that the world gives it is refused", async () => {
  const text = '(import "wasi:http/types@0.2.0-rc-2023-10-18" "[constructor]fields" (func $f (param i64)))';
  const wrong = worldModule(wat(`(module ${text})`));
  await assert.rejects(compileModule(wrong, limits), /"\S+#\[constructor\]fields" is not of the type/u);
  const unknown = worldModule(wat('(module (import "wasi:http/types@0.2.0-rc-2023-10-18" "later" (func)))'));
  await assert.rejects(compileModule(unknown, limits), /"later" .* which its world does not have/u);
});

test("a module whose strings are not UTF-8 is refused", async () => {
  await assert.rejects(compileModule(wideModule(), limits), /its strings are not UTF-8/u);
});

/** Mutants in every run of the tests. */
const mutantCount = 300;

test("a damaged module is refused with a typed error, or is another valid one", async () => {
  const random = randomFrom(20_261_127);
  const sample = earlyModule();
  let refused = 0;
  for (let left = mutantCount; left > 0; left -= 1) {
    const mutant = mutate(sample, random);
    try {
      const plan = await compileModule(mutant, limits);
      plan?.instantiate({ interfaces: {}, unknown: () => () => undefined }).release();
    } catch (error) {
      refused += 1;
      const isExpected = error instanceof KwasmError || error instanceof WebAssembly.RuntimeError;
      assert.ok(isExpected, `${String(error)} for ${Buffer.from(mutant).toString("base64")}`);
    }
  }
  assert.ok(refused > 0);
});

test("a module without a world is none that becomes a component", async () => {
  assert.equal(await compileModule(wat("(module)"), limits), undefined);
});
