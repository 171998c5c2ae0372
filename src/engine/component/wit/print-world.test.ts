import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { mutate, randomFrom } from "../../../../tools/fuzz/mutate.ts";
import { parseComponent } from "../parser/parse-component.ts";
import {
  borrow,
  component,
  declareExport,
  declareType,
  extern,
  functionType,
  importItem,
  instanceType,
  own,
  primitive,
  section,
  types,
} from "../testing/encode-component.ts";
import { typedValue } from "../testing/random-values.ts";
import {
  callerComponent,
  echoComponent,
  holderComponent,
  ownResourceComponent,
  relayComponent,
} from "../testing/sample-components.ts";
import { factsOf, primitive as primitiveType } from "../types/make-type.ts";
import type { ComponentType, ExternType, FunctionType, ValueType } from "../types/types.ts";
import { validateComponent } from "../validate/component.ts";
import { printWit, witLettersMax } from "./print-world.ts";

function typeOf(bytes: Uint8Array): ComponentType {
  return validateComponent(parseComponent(bytes), bytes).type;
}

function check(bytes: Uint8Array, expected: string): void {
  assert.deepEqual(printWit(typeOf(bytes)), { text: expected, isWhole: true });
}

test("functions of a component and of an interface are written with their types", () => {
  check(echoComponent(), "package root:component;\n\nworld root {\n  export echo: func(text: string) -> string;\n}\n");
  check(
    callerComponent("test:numbers/math@0.2.3"),
    "package root:component;\n\nworld root {\n  import test:numbers/math@0.2.3;\n  export run: func(value: u32) -> u32;\n}\n" +
      "\npackage test:numbers@0.2.3 {\n  interface math {\n    half: func(value: u32) -> u32;\n  }\n}\n",
  );
});

/** (type name (sub resource)), with a constructor, a method and a static function. */
function fileInterface() {
  return instanceType(
    declareExport("file", extern.resource),
    declareType(own(0)),
    declareType(borrow(0)),
    declareType(functionType([["path", primitive.string]], [1])),
    declareExport("[constructor]file", extern.func(3)),
    declareType(functionType([["self", [2]]], primitive.u64)),
    declareExport("[method]file.size", extern.func(4)),
    declareType(functionType([["from", [2]]], [1])),
    declareExport("[static]file.copy", extern.func(5)),
    declareExport("open", extern.func(5)),
  );
}

test("resources have their constructors, methods and static functions, and keywords a percent sign", () => {
  check(
    component(types(fileInterface()), importItem("test:io/files", extern.instance(0))),
    `package root:component;

world root {
  import test:io/files;
}

package test:io {
  interface files {
    resource file {
      constructor(path: string);
      size: func() -> u64;
      copy: static func(%from: borrow<file>) -> file;
    }
    open: func(%from: borrow<file>) -> file;
  }
}
`,
  );
});

test("a type is used from the interface that named it first", () => {
  const [aliasOuter, typeEq] = [
    [0x02, 0x03, 0x02, 0x01, 0x01],
    [0x03, 0x00, 0x00],
  ];
  const user = instanceType(
    aliasOuter,
    declareExport("record-of-it", typeEq),
    declareType(functionType([["file", [1]]])),
    declareExport("take", extern.func(2)),
  );
  const point = [0x72, 0x01, 0x01, ...Buffer.from("x"), 0x79];
  const home = instanceType(declareType(point), declareExport("point", [0x03, 0x00, 0x00]));
  check(
    component(
      types(home),
      importItem("test:shapes/points@1.0.0", extern.instance(0)),
      section(6, [1, 0x03, 0x00, 0x00, 5, ...Buffer.from("point")]),
      types(user),
      importItem("other:drawing/pens", extern.instance(2)),
    ),
    `package root:component;

world root {
  import test:shapes/points@1.0.0;
  import other:drawing/pens;
}

package test:shapes@1.0.0 {
  interface points {
    record point {
      x: u32,
    }
  }
}

package other:drawing {
  interface pens {
    use test:shapes/points@1.0.0.{point as record-of-it};
    take: func(file: record-of-it);
  }
}
`,
  );
});

const printable = /^[ -~\n]*$/;

function checkHarmless(type: ComponentType, lettersMax = witLettersMax): void {
  const { text } = printWit(type, lettersMax);
  assert.ok(text.length <= lettersMax);
  assert.match(text, printable);
}

test("what a damaged component still says is bounded and has no control characters", () => {
  const samples = [echoComponent(), callerComponent(), holderComponent(), ownResourceComponent(), relayComponent()];
  const random = randomFrom(20_261_128);
  let valid = 0;
  for (const sample of samples) {
    for (let left = 300; left > 0; left -= 1) {
      try {
        checkHarmless(typeOf(mutate(sample, random)));
        valid += 1;
      } catch (error) {
        assert.ok(error instanceof KwasmError, String(error));
      }
    }
  }
  assert.ok(valid > 0);
});

/** A component that exports functions of these types. Nobody adds up the sizes of all its types. */
function exporting(functions: readonly FunctionType[]): ComponentType {
  const exports = new Map<string, ExternType>(functions.map((type, at) => [`call-${at}`, { kind: "func", type }]));
  const facts = factsOf([]);
  const instance = { kind: "instance type", exports, resources: [], outward: 0, ...facts } as const;
  return { kind: "component type", imports: new Map(), importedResources: [], instance, outward: 0, ...facts };
}

function functionOf(type: ValueType, isAsync = false): FunctionType {
  return { kind: "function", async: isAsync, parameters: [{ name: "it", type }], result: type, ...factsOf([type]) };
}

test("any type is written within any bound", () => {
  fc.assert(
    fc.property(
      fc.array(typedValue, { maxLength: 5 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 300 }),
      (all, isAsync, bound) => {
        const type = exporting(all.map((each) => functionOf(each.type, isAsync)));
        checkHarmless(type);
        checkHarmless(type, bound);
      },
    ),
    { numRuns: 100 },
  );
});

test("a small file whose types would fill any memory is cut", () => {
  let type: ValueType = primitiveType("string");
  for (let depth = 0; depth < 15; depth += 1) type = { kind: "tuple", types: [type, type], ...factsOf([type, type]) };
  const { text, isWhole } = printWit(exporting(Array.from({ length: 1_000 }, () => functionOf(type))));
  assert.equal(isWhole, false);
  assert.ok(text.length <= witLettersMax && text.length > witLettersMax / 2);
});
