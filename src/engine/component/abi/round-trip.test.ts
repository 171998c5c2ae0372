import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { wat } from "../../loader/wat-fixture.ts";
import { InstanceState } from "../instance/instance-state.ts";
import { coreFunction } from "../instance/items.ts";
import type { StringEncoding } from "../parser/definitions.ts";
import { typedValue } from "../testing/random-values.ts";
import { allocator } from "../testing/sample-components.ts";
import { flatParametersMax, flatten, layoutOf } from "../types/layout.ts";
import { Store } from "../task/store.ts";
import { AbiContext, type FlatValue } from "./context.ts";
import { AbiPlanner } from "./planner.ts";

const module = new WebAssembly.Module(wat(`(module ${allocator} (func (export "nothing")))`));
const encodings: readonly StringEncoding[] = ["utf8", "utf16", "latin1+utf16"];

/** In every run of the tests; `KWASM_FUZZ_RUNS` asks for more. */
const numRuns = Number(process.env["KWASM_FUZZ_RUNS"] ?? 300);

/** A memory of a guest's with an allocator. */
function makeContext(encoding: StringEncoding, source: StringEncoding | "host"): AbiContext {
  const { exports } = new WebAssembly.Instance(module);
  const memory = exports["memory"];
  assert.ok(memory instanceof WebAssembly.Memory);
  const context = new AbiContext(new InstanceState(undefined, new Store(), 0), {
    encoding,
    memory,
    realloc: coreFunction(exports["realloc"]),
  });
  context.begin();
  context.source = source;
  return context;
}

function planner(): AbiPlanner {
  return new AbiPlanner(() => 0);
}

test("a value that is written to a guest's memory is read back as it was", () => {
  const sources = fc.constantFrom<StringEncoding | "host">("host", ...encodings);
  fc.assert(
    fc.property(typedValue, fc.constantFrom(...encodings), sources, ({ type, value }, encoding, source) => {
      const context = makeContext(encoding, source);
      const plan = planner().value(type);
      const pointer = context.allocate(plan.alignment, plan.size);
      plan.store(context, pointer, value);
      assert.deepEqual(plan.load(context, pointer), value);
    }),
    { numRuns },
  );
});

test("a value that is passed as single values is read back as it was", () => {
  fc.assert(
    fc.property(typedValue, fc.constantFrom(...encodings), ({ type, value }, encoding) => {
      const context = makeContext(encoding, "host");
      const plan = planner().value(type);
      if (plan.flat.length > flatParametersMax) return;
      const flat: FlatValue[] = [];
      plan.lower(context, value, flat);
      assert.deepEqual(flat.map(kindOf), plan.flat.map(kindOfType));
      assert.deepEqual(plan.lift(context, { values: flat, position: 0 }), value);
    }),
    { numRuns },
  );
});

function kindOf(value: FlatValue): string {
  return typeof value;
}

function kindOfType(type: string): string {
  return type === "i64" ? "bigint" : "number";
}

test("plans lay values out as the checked types say", () => {
  fc.assert(
    fc.property(typedValue, ({ type }) => {
      const plan = planner().value(type);
      assert.deepEqual({ size: plan.size, alignment: plan.alignment }, layoutOf(type));
      assert.deepEqual(plan.flat, flatten(type));
    }),
    { numRuns },
  );
});

test("bytes that no guest wrote are read as a value or end the call, and nothing else happens", () => {
  fc.assert(
    fc.property(typedValue, fc.uint8Array({ minLength: 1, maxLength: 256 }), ({ type }, bytes) => {
      const context = makeContext("latin1+utf16", "host");
      const plan = planner().value(type);
      for (let at = 0; at < context.bytes.length; at += bytes.length) {
        context.bytes.set(bytes.subarray(0, context.bytes.length - at), at);
      }
      try {
        plan.load(context, 0);
      } catch (error) {
        assert.ok(error instanceof WebAssembly.RuntimeError);
      }
    }),
    { numRuns },
  );
});

test("what a call may take as objects has a limit, whatever the bytes say", () => {
  const context = makeContext("utf8", "host");
  const plan = planner().value({
    kind: "list",
    element: { kind: "flags", names: ["a"], size: 1, depth: 1, hasResource: false, hasBorrow: false, isNominal: true },
    length: undefined,
    size: 2,
    depth: 2,
    hasResource: false,
    hasBorrow: false,
    isNominal: true,
  });
  context.view.setUint32(4, 100_000, true);
  assert.ok(Array.isArray(plan.load(context, 0)));
  assert.throws(() => {
    for (let round = 0; round < 10; round++) plan.load(context, 0);
  }, /the values of one call need more than/);
});
