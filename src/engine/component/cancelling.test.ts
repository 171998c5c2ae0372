import assert from "node:assert/strict";
import { test } from "node:test";
import { CancellableAnswer, compileComponent, type HostImports, type Supervision, suspending } from "./index.ts";
import { cancellingComponent } from "./testing/cancelling-component.ts";

const memoryBytesMax = 2 ** 20;

/** State 4 of a subtask: cancelled before it returned. */
const cancelledState = 4;

function host(later: () => unknown): HostImports {
  const block = suspending(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return 7;
  });
  return { interfaces: { "test:waiting/host@0.3.0": { functions: { later, block }, resources: {} } } };
}

async function run(imports: HostImports, supervision?: Supervision): Promise<unknown> {
  const plan = await compileComponent(cancellingComponent(), { memoryBytesMax });
  return plan.instantiate(imports, supervision).find("run")?.call();
}

test("a call that can be cancelled ends at once, beside calls that suspend the stack", async () => {
  let cancelled = 0;
  const never = new Promise(() => undefined);
  const imports = host(() => new CancellableAnswer(never, () => (cancelled += 1)));
  assert.equal(await run(imports), 700 + cancelledState);
  assert.equal(cancelled, 1);
});

test("a call that cannot be cancelled is waited for", async () => {
  const answers: (() => void)[] = [];
  const running = run(host(() => new Promise<void>((resolve) => answers.push(resolve))));
  while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
  answers[0]?.();
  assert.equal(await running, 702);
});

test("whoever supervises is asked before a task goes on, and knows when its code runs", async () => {
  const told: string[] = [];
  const supervision: Supervision = {
    enter: () => void told.push("enter"),
    leave: () => void told.push("leave"),
    admit() {
      told.push("admit");
      return Promise.resolve();
    },
  };
  const never = new Promise(() => undefined);
  await run(
    host(() => new CancellableAnswer(never, () => undefined)),
    supervision,
  );
  // Its first stretch, up to where it is suspended, and the rest.
  assert.deepEqual(told.slice(0, 4), ["enter", "leave", "admit", "enter"]);
});
