import assert from "node:assert/strict";
import { test } from "node:test";
import { KwasmError } from "#base";
import { componentLimits } from "./limits.ts";
import { parseComponent } from "./parser/parse-component.ts";
import {
  component,
  type Bytes,
  coreAlias,
  coreInstantiate,
  coreModule,
  exportItem,
  functionType,
  typeIndex,
  instantiate,
  lift,
  nested,
  section,
  tupleType,
  types,
} from "./testing/encode-component.ts";
import { mutate, randomFrom } from "../../../tools/fuzz/mutate.ts";
import {
  callerComponent,
  echoComponent,
  holderComponent,
  ownResourceComponent,
  relayComponent,
} from "./testing/sample-components.ts";
import { validateComponent } from "./validate/component.ts";
import { compileComponent } from "./index.ts";
import { wat } from "../loader/wat-fixture.ts";

function check(bytes: Uint8Array): void {
  validateComponent(parseComponent(bytes), bytes);
}

/** Mutants of each sample in every run of the tests; `tools/fuzz-components.ts` runs as many as one likes. */
const mutantsEach = 2_000;

test("a damaged component is refused with a typed error, or is another valid one", () => {
  const samples = [echoComponent(), callerComponent(), holderComponent(), ownResourceComponent(), relayComponent()];
  const random = randomFrom(20_261_127);
  let refused = 0;
  for (const sample of samples) {
    check(sample);
    for (let left = mutantsEach; left > 0; left -= 1) {
      const mutant = mutate(sample, random);
      try {
        check(mutant);
      } catch (error) {
        refused += 1;
        assert.ok(error instanceof KwasmError, `${String(error)} for ${Buffer.from(mutant).toString("base64")}`);
      }
    }
  }
  assert.ok(refused > mutantsEach);
});

test("a component that is cut off anywhere is refused", () => {
  const sample = relayComponent();
  const ends = new Set<string>();
  for (let length = 0; length < sample.length; length++) {
    try {
      check(sample.subarray(0, length));
    } catch (error) {
      assert.ok(error instanceof KwasmError);
      ends.add(error.code);
    }
  }
  assert.deepEqual(ends, new Set(["invalid-argument", "corrupt"]));
});

/** `depth` components within each other. */
function nestedComponents(depth: number): Uint8Array<ArrayBuffer> {
  let bytes = component();
  for (let left = depth; left > 0; left -= 1) bytes = component(nested(bytes));
  return bytes;
}

test("components may be nested up to the limit and not one deeper", () => {
  check(nestedComponents(componentLimits.nestingMax));
  assert.throws(() => check(nestedComponents(componentLimits.nestingMax + 1)), { code: "limit-exceeded" });
});

/** Types that each name the one before as often as `width` says. */
function growingTypes(count: number, width: number): Bytes {
  const entries = Array.from({ length: count }, (_type, at) =>
    tupleType(...Array.from({ length: width }, (): Bytes => (at === 0 ? [0x7d] : typeIndex(at - 1)))),
  );
  return types(...entries);
}

test("a type whose parts double with each line is refused before it is walked", () => {
  assert.throws(() => check(component(growingTypes(40, 2))), { code: "limit-exceeded" });
});

test("a type may be as deep as the limit and not one deeper", () => {
  check(component(growingTypes(componentLimits.typeDepthMax - 1, 1)));
  assert.throws(() => check(component(growingTypes(componentLimits.typeDepthMax, 1))), { code: "limit-exceeded" });
});

test("a count is never believed further than the bytes behind it", () => {
  for (const id of [2, 3, 5, 6, 7, 8, 10, 11]) {
    assert.throws(() => check(component(section(id, [0xff, 0xff, 0xff, 0xff, 0x0f]))), { code: "limit-exceeded" });
    assert.throws(() => check(component(section(id, [0xa0, 0x8d, 0x06]))), { code: "corrupt" });
  }
});

/** A component that makes two of the one before it, and so on: 2^levels instances from a few bytes each. */
function explodingComponent(levels: number): Uint8Array<ArrayBuffer> {
  let bytes = component();
  for (let left = levels; left > 0; left -= 1) bytes = component(nested(bytes), instantiate(0), instantiate(0));
  return bytes;
}

test("instances that double with each level of components are refused at their limit", async () => {
  const plan = await compileComponent(explodingComponent(18), { memoryBytesMax: 1_048_576 });
  assert.throws(() => plan.instantiate({ interfaces: {} }), { code: "limit-exceeded" });
});

test("a core module within a component is held to the loader's rules", async () => {
  const shared = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 4, 1, 3, 1, 1);
  await assert.rejects(compileComponent(component(coreModule(shared)), { memoryBytesMax: 1_048_576 }), {
    code: "unsupported",
  });
  const invalid = wat('(module (func (export "run") (result i32) (i32.const 1)))');
  const constant = Buffer.from(invalid).indexOf(Uint8Array.of(0x41, 0x01, 0x0b));
  invalid[constant] = 0x42;
  const bytes = component(
    coreModule(invalid),
    coreInstantiate(0),
    coreAlias("func", 0, "run"),
    types(functionType([], [0x79])),
    lift(0, 0),
    exportItem("run", "func", 0),
  );
  await assert.rejects(compileComponent(bytes, { memoryBytesMax: 1_048_576 }), { code: "corrupt" });
});
