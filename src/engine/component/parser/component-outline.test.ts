import assert from "node:assert/strict";
import { test } from "node:test";
import { KwasmError } from "#base";
import { mutate, randomFrom } from "../../../../tools/fuzz/mutate.ts";
import { wat } from "../../loader/wat-fixture.ts";
import { compileComponent } from "../index.ts";
import { callerComponent, echoComponent, relayComponent } from "../testing/sample-components.ts";
import { validateComponent } from "../validate/component.ts";
import { readOutline } from "./component-outline.ts";
import { parseComponent } from "./parse-component.ts";

function echo(start: number, others = ""): Uint8Array<ArrayBuffer> {
  return wat(`(module ${others} (memory (export "memory") 2)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const ${start}))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))`);
}

function keyOf(module: Uint8Array<ArrayBuffer>): string {
  return readOutline(echoComponent("echo", module)).key;
}

test("components whose modules differ in functions and data are of one outline, however long those are", () => {
  assert.equal(keyOf(echo(1_024)), keyOf(echo(70_000_000)));
  assert.equal(keyOf(echo(1_024)), keyOf(echo(1_024, '(data (i32.const 0) "text")')));
});

for (const [what, others] of [
  ["an import", '(import "a" "b" (func))'],
  ["an export", '(func (export "more"))'],
  ["a type", "(func (param f64))"],
  ["a global", "(global i32 (i32.const 0))"],
  ["a table", "(table 1 funcref)"],
] as const) {
  test(`${what} more is another outline`, () => assert.notEqual(keyOf(echo(1_024)), keyOf(echo(1_024, others))));
}

test("what is outside of modules is all of it in the outline", () => {
  const keys = [
    echoComponent("echo"),
    echoComponent("else"),
    callerComponent(),
    callerComponent("test:numbers/math@0.2.4"),
  ];
  assert.equal(new Set(keys.map((bytes) => readOutline(bytes).key)).size, keys.length);
});

test("plans of one outline have their types together, and each its own modules", async () => {
  const options = { memoryBytesMax: 2 ** 24 };
  const plans = await Promise.all(
    [1_024, 2_048].map((at) => compileComponent(echoComponent("echo", echo(at)), options)),
  );
  assert.equal(plans[0]?.functions, plans[1]?.functions);
  const [first, second] = plans.map((plan) => plan.instantiate({ interfaces: {} }).find("echo"));
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual([first.callNow("a"), second.callNow("bc")], ["a", "bc"]);
});

/** Whether it is valid on its own, with what it says if not. */
function verdictOf(bytes: Uint8Array): string {
  try {
    validateComponent(parseComponent(bytes), bytes);
    return "valid";
  } catch (error) {
    assert.ok(error instanceof KwasmError);
    return "refused";
  }
}

test("whatever is damaged, components of one outline are valid together or not at all", () => {
  const verdicts = new Map<string, string>();
  const random = randomFrom(20_261_128);
  for (const sample of [echoComponent(), relayComponent()]) {
    for (let left = 3_000; left > 0; left -= 1) {
      const mutant = mutate(sample, random);
      try {
        const { key } = readOutline(mutant);
        const verdict = verdictOf(mutant);
        assert.equal(verdicts.get(key) ?? verdict, verdict, Buffer.from(mutant).toString("base64"));
        verdicts.set(key, verdict);
      } catch (error) {
        assert.ok(error instanceof KwasmError, String(error));
      }
    }
  }
});
