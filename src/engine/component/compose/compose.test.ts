import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { compileComponent } from "../compile-component.ts";
import { type HostImports, suspending } from "../values.ts";
import { filesComponent, mathComponent, readingComponent, wrappingComponent } from "../testing/composed-components.ts";
import { callerComponent, echoComponent, holderComponent } from "../testing/sample-components.ts";
import { composeComponents } from "./compose.ts";

const options = { memoryBytesMax: 2 ** 24 };
const math = "test:numbers/math@0.2.3";

interface Composed {
  readonly main: Uint8Array<ArrayBuffer>;
  readonly dependency: Uint8Array<ArrayBuffer>;
  readonly links: Readonly<Record<string, string>>;
}

async function compose({ main, dependency, links }: Composed) {
  const plan = await compileComponent(dependency, options);
  const part = { name: "dependency", plan, links: new Map(Object.entries(links)) };
  return composeComponents(await compileComponent(main, options), [part]);
}

/** A host whose `add` adds so much. */
function adding(more: number): HostImports {
  const add = (value: number) => value + more;
  return { interfaces: { "test:host/sums@1.0.0": { functions: { add }, resources: {} } } };
}

test("what a dependency exports is what the other imports, and the host is asked for the rest", async () => {
  const plan = await compose({ main: callerComponent(math), dependency: mathComponent(), links: { [math]: math } });
  assert.deepEqual(plan.imports, []);
  assert.equal(await plan.instantiate(adding(100)).find("run")?.call(10), 106);
});

test("a dependency is given what is its own, and not what the other is given", async () => {
  const plan = await compose({ main: callerComponent(math), dependency: mathComponent(), links: { [math]: math } });
  const part = (name: string) => adding(name === "dependency" ? 1_000 : 0);
  assert.equal(
    await plan
      .instantiate({ ...adding(100), part })
      .find("run")
      ?.call(10),
    1_006,
  );
  assert.throws(() => plan.instantiate({ interfaces: {} }), /does not offer interface "test:host\/sums@1.0.0"/);
});

test("a dependency that waits holds its component up, and nothing else", async () => {
  const plan = await compose({ main: callerComponent(math), dependency: mathComponent(), links: { [math]: math } });
  const add = suspending(async (value: number) => (await setImmediate(value)) + 100);
  const waiting = { interfaces: { "test:host/sums@1.0.0": { functions: { add }, resources: {} } } };
  const [one, other] = [plan.instantiate(waiting), plan.instantiate(waiting)];
  assert.deepEqual(await Promise.all([one.find("run")?.call(10), other.find("run")?.call(20)]), [106, 111]);
});

test("another export may stand for an import", async () => {
  const dependency = mathComponent("other:numbers/halves");
  const plan = await compose({ main: callerComponent(math), dependency, links: { [math]: "other:numbers/halves" } });
  assert.equal(await plan.instantiate(adding(0)).find("run")?.call(10), 6);
});

test("each instance has instances of its dependencies for itself", async () => {
  const name = "test:files/types@0.2.0";
  const plan = await compose({ main: holderComponent(), dependency: filesComponent(), links: { [name]: name } });
  for (let round = 0; round < 2; round++) {
    assert.equal(await plan.instantiate({ interfaces: {} }).find("run")?.call(), 42);
  }
});

test("a resource of the host goes through a dependency", async () => {
  const name = "test:files/wrap@0.2.0";
  const plan = await compose({ main: readingComponent(), dependency: wrappingComponent(), links: { [name]: name } });
  const file = {};
  const functions = { open: () => file, "[method]file.read": (self: object) => (self === file ? 7 : 0) };
  const interfaces = { "test:files/types@0.2.0": { functions, resources: { file: {} } } };
  assert.equal(await plan.instantiate({ interfaces }).find("run")?.call(), 7);
});

function checkRefused(name: string, composed: Composed, message: RegExp): void {
  test(name, () => assert.rejects(compose(composed), { code: "invalid-argument", message }));
}

checkRefused(
  "an export that is not there",
  { main: callerComponent(math), dependency: echoComponent(), links: { [math]: math } },
  /dependency "dependency" does not export "test:numbers\/math@0.2.3"/,
);
checkRefused(
  "an export of another kind",
  { main: callerComponent(math), dependency: echoComponent(), links: { [math]: "echo" } },
  /exports "echo", which is not of the type of "test:numbers\/math@0.2.3": expected instance, found func/,
);
checkRefused(
  "an export of another type",
  { main: callerComponent(math), dependency: filesComponent(), links: { [math]: "test:files/types@0.2.0" } },
  /missing expected export "half"/,
);

test("a resource of one dependency is none of another's, also where both are of one form", async () => {
  const [types, wrap] = ["test:files/types@0.2.0", "test:files/wrap@0.2.0"];
  const parts = await Promise.all(
    [types, wrap].map(async (name) => {
      const plan = await compileComponent(filesComponent(), options);
      return { name, plan, links: new Map([[name, types]]) };
    }),
  );
  const main = await compileComponent(readingComponent(), options);
  assert.throws(() => composeComponents(main, parts), { code: "invalid-argument", message: /another result/ });
});
