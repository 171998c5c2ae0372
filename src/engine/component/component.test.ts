import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import type { KwasmError } from "#base";
import { wat } from "../loader/wat-fixture.ts";
import { compileComponent, type ComponentValue, type HostImports, suspending } from "./index.ts";
import {
  component,
  coreAlias,
  coreInstantiate,
  coreModule,
  exportItem,
  functionType,
  lift,
  primitive,
  types,
} from "./testing/encode-component.ts";
import {
  allocator,
  callerComponent,
  echoComponent,
  holderComponent,
  ownResourceComponent,
  relayComponent,
} from "./testing/sample-components.ts";

const memoryBytesMax = 16 * 1_048_576;
const nothing: HostImports = { interfaces: {} };

async function start(bytes: Uint8Array, imports: HostImports = nothing) {
  const instance = (await compileComponent(bytes, { memoryBytesMax })).instantiate(imports);
  function find(name: string) {
    const found = instance.find(name);
    assert.ok(found, `there is no export "${name}"`);
    return found;
  }
  return { instance, find };
}

/** What the host offers for `callerComponent`. */
function numbers(half: (value: number) => ComponentValue | Promise<ComponentValue>, version = "0.2.0"): HostImports {
  const name = `test:numbers/math@${version}`;
  return { interfaces: { [name]: { functions: { half: suspending(half) }, resources: {} } } };
}

test("strings go in and come out as they are", async () => {
  const { find } = await start(echoComponent());
  for (const text of ["", "a", "Grüße ☃ 🎉", "\u0000\ufeff", "\ufeffmark", "\ufffd", "x".repeat(10_000)]) {
    assert.equal(find("echo").callNow(text), text);
  }
});

test("a function of the host is called with values and its answer comes back", async () => {
  const imports = {
    interfaces: { "test:numbers/math@0.2.9": { functions: { half: (value: number) => value / 2 }, resources: {} } },
  };
  const { find } = await start(callerComponent(), imports);
  assert.equal(find("run").callNow(84), 43);
  assert.equal(await find("run").call(84), 43);
});

test("a promise of the host suspends the guest, and other guests run meanwhile", async () => {
  const imports = numbers(async (value) => {
    await sleep(1);
    return value / 2;
  });
  const plan = await compileComponent(callerComponent(), { memoryBytesMax });
  const instances = Array.from({ length: 50 }, () => plan.instantiate(imports));
  const runs = instances.flatMap((instance) => instance.find("run") ?? []);
  const answers = await Promise.all(runs.map((run, index) => run.call(index * 2)));
  assert.deepEqual(
    answers,
    instances.map((_instance, index) => index + 1),
  );
});

test("what a host's promise is rejected with ends the guest and is the cause", async () => {
  const reason = new Error("the disk is gone");
  const { find } = await start(
    callerComponent(),
    numbers(() => Promise.reject(reason)),
  );
  await assert.rejects(find("run").call(1), (error: Error) => error.cause === reason);
});

test("an instance that trapped cannot be entered again", async () => {
  let fails = true;
  const { find } = await start(
    callerComponent(),
    numbers((value) => {
      if (fails) throw new Error("once");
      return value;
    }),
  );
  await assert.rejects(find("run").call(1), /once/);
  fails = false;
  await assert.rejects(find("run").call(1), /cannot enter component instance/);
});

test("an instance that waits cannot be entered again until it has returned", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const { find } = await start(
    callerComponent(),
    numbers(() => promise),
  );
  const first = find("run").call(1);
  await assert.rejects(find("run").call(1), /cannot enter component instance/);
  resolve(4);
  assert.equal(await first, 5);
});

test("versions of an interface match by minor version, and release candidates stand alone", async () => {
  const cases: [wanted: string, offered: string, fits: boolean][] = [
    ["0.2.3", "0.2.12", true],
    ["0.2.12", "0.2.0", true],
    ["0.2.3", "0.3.0", false],
    ["0.2.0-rc-2023-10-18", "0.2.0", false],
    ["0.2.0-rc-2023-10-18", "0.2.0-rc-2023-10-18", true],
    ["0.3.0", "0.3.0-rc-2026-03-15", false],
  ];
  for (const [wanted, offered, fits] of cases) {
    const plan = await compileComponent(callerComponent(`test:numbers/math@${wanted}`), { memoryBytesMax });
    const imports = numbers((value) => value, offered);
    if (fits) assert.equal(await plan.instantiate(imports).find("run")?.call(1), 2);
    else assert.throws(() => plan.instantiate(imports), /test:numbers\/math/);
  }
});

test("everything that the host lacks is named at once", async () => {
  const plan = await compileComponent(holderComponent(), { memoryBytesMax });
  const imports = { interfaces: { "test:files/types@0.2.0": { functions: {}, resources: {} } } };
  assert.throws(
    () => plan.instantiate(imports),
    (error: KwasmError) => error.code === "unsupported" && /"file".*|#open.*|#\[method\]file\.read/.test(error.message),
  );
});

/** What the host offers for `holderComponent`, with what was dropped. */
function files(dropped: object[]): HostImports {
  const functions = { open: () => ({ bytes: 7 }), "[method]file.read": (self: { bytes: number }) => self.bytes };
  const resources = { file: { drop: (file: object) => void dropped.push(file) } };
  return { interfaces: { "test:files/types@0.2.0": { functions, resources } } };
}

test("a resource of the host is its object, and is dropped once", async () => {
  const dropped: object[] = [];
  const { find } = await start(holderComponent(), files(dropped));
  assert.equal(find("run").callNow(), 7);
  assert.deepEqual(dropped, [{ bytes: 7 }]);
});

test("a handle that was dropped is not one any more", async () => {
  const { find } = await start(holderComponent(), files([]));
  assert.throws(() => find("twice").callNow(), /unknown handle index/);
});

test("a guest's own resource is ended by its destructor", async () => {
  const { find } = await start(ownResourceComponent());
  find("churn").callNow(5);
  find("churn").callNow(7);
  assert.equal(find("dropped").callNow(), 12);
});

test("a component calls another one within it, each with its own memory", async () => {
  const { find } = await start(relayComponent());
  assert.equal(find("total").callNow([1, 2, 3, 4_294_967_295]), 4_294_967_301n);
});

test("a value of another type ends the call and says what was expected", async () => {
  const { find } = await start(echoComponent());
  assert.throws(() => find("echo").callNow(5), /a value of type string was expected, found number/);
});

test("names in a component are never code: the proofs of injection do nothing", async () => {
  const names = [`x'];globalThis.injected=1;exports0['x`, `\${globalThis.injected=1}`, `"]);globalThis.injected=1;//`];
  for (const name of names) {
    const module = wat(`(module ${allocator} (func (export ${JSON.stringify(name)}) (result i32) (i32.const 9)))`);
    const bytes = component(
      coreModule(module),
      coreInstantiate(0),
      coreAlias("func", 0, name),
      types(functionType([], primitive.u32)),
      lift(0, 0),
      exportItem("run", "func", 0),
    );
    const { find } = await start(bytes);
    assert.equal(await find("run").call(), 9);
    assert.equal("injected" in globalThis, false);
    await assert.rejects(start(echoComponent(name)), { code: "corrupt" });
  }
});

test("an allocator that answers with what is not there or not aligned ends the call", async () => {
  for (const [answer, problem] of [
    [0x7fff_0000, /out of bounds/],
    [-1, /out of bounds/],
  ] as const) {
    const module = wat(`(module (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const ${answer}))
      (func (export "echo") (param i32 i32) (result i32) unreachable))`);
    const { find } = await start(echoComponent("echo", module));
    assert.throws(() => find("echo").callNow("text"), problem);
  }
});

test("a module in a component imports no name twice", async () => {
  const twice = '(import "a" "b" (func))';
  const bytes = component(coreModule(wat(`(module ${twice} ${twice})`)));
  await assert.rejects(compileComponent(bytes, { memoryBytesMax }), { message: /duplicate import name "a:b"/ });
});

test("memory over the limit is refused before anything runs", async () => {
  const module = wat(`(module (memory (export "memory") 300)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "echo") (param i32 i32) (result i32) unreachable))`);
  await assert.rejects(start(echoComponent("echo", module)), { code: "limit-exceeded" });
});

test("released memory is zero for the next instance", async () => {
  const plan = await compileComponent(echoComponent(), { memoryBytesMax });
  for (let round = 0; round < 3; round++) {
    const instance = plan.instantiate(nothing);
    assert.equal(instance.find("echo")?.callNow("secret"), "secret");
    assert.equal(instance.memoryBytes() > 0, true);
    instance.release();
  }
});
