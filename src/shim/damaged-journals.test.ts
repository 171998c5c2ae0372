import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog, systemClock } from "#base";
import { localHost } from "#node";

import { openShim } from "./serve-shim.ts";

const journals = { node: "node/node.journal", tasks: "tasks.journal", events: "events.journal" };
const sandbox = { op: "sandbox", spec: { id: "default/pod", group: "default", listeners: [] } };

/** The folder that an earlier process of the same keeper left: a pod, and one journal that nobody can read. */
function leaveBehind(directory: string, damaged: string, damage = "no JSON"): void {
  mkdirSync(join(directory, "node"), { recursive: true });
  writeFileSync(join(directory, journals.node), `${JSON.stringify(sandbox)}\n`);
  writeFileSync(join(directory, damaged), `${damage}\n`);
}

async function openLater(directory: string) {
  const containerd = { address: "/none", eventsAddress: "/none", publishBinary: "/bin/false" };
  const host = { ...localHost(), inherited: { isFirst: false, processes: [], descriptors: new Map() } };
  const base = { directory, containerd, containerdRoot: directory, cgroups: "v2", processMark: "1 1" } as const;
  return openShim({ ...base, clock: systemClock, log: silentLog, host });
}

for (const [name, damaged] of Object.entries(journals)) {
  test(`control starts where its journal of ${name} is damaged, which is kept aside`, async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-damaged-"));
    leaveBehind(directory.path, damaged);
    await using _shim = await openLater(directory.path);
    assert.ok(existsSync(join(directory.path, `${damaged}.damaged`)));
  });
}

for (const [name, op] of [
  ["node", "workload"],
  ["tasks", "made"],
  ["events", "event"],
] as const) {
  test(`an entry "${op}" of the journal of ${name} that says nothing more is damage`, async () => {
    using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-damaged-"));
    leaveBehind(directory.path, journals[name], JSON.stringify({ op, key: "a/b" }));
    await using _shim = await openLater(directory.path);
    assert.ok(existsSync(join(directory.path, `${journals[name]}.damaged`)));
  });
}

test("what ran for tasks that are forgotten is ended, and runs on where only events are", async () => {
  for (const [damaged, isEnded] of [[journals.tasks, true] as const, [journals.events, false] as const]) {
    using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-damaged-"));
    leaveBehind(directory.path, damaged);
    await using _shim = await openLater(directory.path);
    assert.equal(readFileSync(join(directory.path, journals.node), "utf8").includes("sandbox-gone"), isEnded);
  }
});
