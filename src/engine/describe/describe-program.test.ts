import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { callerComponent, echoComponent } from "../component/testing/sample-components.ts";
import { earlyModule, worldModule } from "../component/testing/world-module.ts";
import { command } from "../component/testing/command-component.ts";
import { encodeName, encodeU32 } from "../loader/section-writer.ts";
import { wat } from "../loader/wat-fixture.ts";
import { describeProgram } from "./describe-program.ts";

test("a component says what starts it and which option grants what it imports", () => {
  const environment = { interface: "wasi:cli/environment@0.2.6", function: "get" };
  const { kind, role, startedBy, imports, exports } = describeProgram(
    Uint8Array.from(command("i32.const 0", environment)),
  );
  assert.deepEqual(
    { kind, role, startedBy },
    { kind: "component", role: "command of WASI 0.2", startedBy: "kwasm run" },
  );
  const newer = Uint8Array.from(command("i32.const 0", undefined, "wasi:cli/run@0.3.2"));
  assert.equal(describeProgram(newer).role, "command of WASI 0.3");
  const grant = { kind: "by option", options: ["--env", "ARG…"] };
  assert.deepEqual(imports, [{ kind: "interface", name: environment.interface, grant }]);
  assert.deepEqual(exports, [{ kind: "interface", name: "wasi:cli/run@0.2.6" }]);
});

test("what nobody offers is missing, with who has it", () => {
  for (const [name, provider] of [
    ["fermyon:spin/llm@2.0.0", "Spin"],
    ["wasmcloud:bus/lattice@1.0.0", "wasmCloud"],
    ["own:thing/that", undefined],
  ] as const) {
    assert.deepEqual(describeProgram(callerComponent(name)).imports[0]?.grant, { kind: "missing", provider });
  }
  assert.equal(describeProgram(echoComponent()).startedBy, "kwasm run --invoke");
});

test("a core module says the types of what it imports and exports", () => {
  const module = wat(`(module
    (import "wasi_snapshot_preview1" "environ_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sock_open" (func (param i32)))
    (import "own" "x" (global (mut i64)))
    (memory (export "memory") 1 2)
    (table (export "table") 3 funcref)
    (func (export "_start")))`);
  const { role, imports, exports, wit } = describeProgram(Uint8Array.from(module));
  assert.equal(role, "command of WASI 0.1");
  assert.equal(wit, undefined);
  assert.deepEqual(
    imports.map(({ name, type, grant }) => [name, type, grant.kind]),
    [
      ["wasi_snapshot_preview1 environ_get", "(i32, i32) -> (i32)", "by option"],
      ["wasi_snapshot_preview1 sock_open", "(i32) -> ()", "missing"],
      ["own x", "(mut i64)", "missing"],
    ],
  );
  assert.deepEqual(
    exports.map(({ name, type }) => [name, type]),
    [
      ["memory", "1 2"],
      ["table", "3 funcref"],
      ["_start", "() -> ()"],
    ],
  );
});

test("a core module may import a name twice, as those of Go do", () => {
  const twice = '(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))';
  const { imports } = describeProgram(Uint8Array.from(wat(`(module ${twice} ${twice} (func (export "_start")))`)));
  assert.deepEqual(
    imports.map(({ type }) => type),
    ["() -> (i32)", "() -> (i32)"],
  );
});

test("a core module that says its world and handles requests is served, with what its interfaces grant", () => {
  const { kind, role, startedBy, imports } = describeProgram(earlyModule());
  assert.deepEqual(
    [kind, role, startedBy],
    ["module", "HTTP handler of WASI 0.2, a module that says its world", "kwasm serve"],
  );
  assert.deepEqual(new Set(imports.map(({ grant }) => grant.kind)), new Set(["always"]));
  const foreign = describeProgram(worldModule(wat('(module (import "own:thing/that" "call" (func)))')));
  assert.deepEqual([foreign.role, foreign.imports[0]?.grant.kind], ["part of a component", "missing"]);
});

/** A custom section of one name. */
function custom(name: string, content: readonly number[]): number[] {
  const bytes = [...encodeName(name), ...content];
  return [0, ...encodeU32(bytes.length), ...bytes];
}

function producers(field: string, tool: string, version: string): number[] {
  return custom("producers", [1, ...encodeName(field), 1, ...encodeName(tool), ...encodeName(version)]);
}

const emptyModule = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

test("producers are those of the file and of the modules in it, each once; what cannot be read says nothing", () => {
  const rust = producers("language", "Rust", "");
  const module = [...emptyModule, ...rust, ...custom("producers", [7])];
  const nested = [1, ...encodeU32(module.length), ...module];
  const bytes = Uint8Array.from([...echoComponent(), ...nested, ...nested, ...producers("sdk", "spin", "5")]);
  assert.deepEqual(describeProgram(bytes).producers, [
    { field: "language", name: "Rust", version: "" },
    { field: "sdk", name: "spin", version: "5" },
  ]);
});

test("no name of a tenant's reaches the reader with control characters or without an end", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 500 }), (name) => {
      const exported = [...encodeU32(1), ...encodeName(name), 0x02, 0x00];
      const memory = [5, 3, 1, 0, 1];
      const bytes = [
        ...emptyModule,
        ...memory,
        7,
        ...encodeU32(exported.length),
        ...exported,
        ...producers(name, name, name),
      ];
      const { exports, producers: made } = describeProgram(Uint8Array.from(bytes));
      for (const shown of [exports[0]?.name, made[0]?.field]) {
        assert.ok(shown !== undefined && shown.length < 200 * 12);
        assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }
    }),
    { numRuns: 30 },
  );
});

test("what is no WebAssembly, or damaged, is a typed error", () => {
  for (const bytes of [Uint8Array.of(), Uint8Array.from(Buffer.from("text")), echoComponent().slice(0, 40)]) {
    assert.throws(() => describeProgram(bytes), KwasmError);
  }
});
