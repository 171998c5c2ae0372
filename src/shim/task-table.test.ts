import assert from "node:assert/strict";
import { test } from "node:test";

import { TaskTable } from "./task-table.ts";
import type { Task } from "./task.ts";

function taskOf(namespace: string, id: string): Task {
  const exited = Promise.resolve({ code: 0, atMs: 0, isOutOfMemory: false });
  const streams = { stdin: "", stdout: "", stderr: "", terminal: false };
  return {
    namespace,
    id,
    bundle: "/b",
    streams,
    status: "created",
    exit: undefined,
    exited,
    start: () => Promise.resolve(),
    closeInput: () => Promise.resolve(),
    inspect: () => Promise.reject(new Error("there is nothing to look at")),
    kill: () => Promise.resolve(),
    usage: () => ({ cpuNanoseconds: 0, memoryBytes: 0, memoryBytesMax: 0 }),
    update: () => Promise.resolve(),
    pause: () => Promise.resolve(),
    resume: () => Promise.resolve(),
    remove: () => Promise.resolve(),
  };
}

test("a task is found by its id alone as long as one namespace has it", async () => {
  const table = new TaskTable();
  const first = await table.add("default", "a", async () => taskOf("default", "a"));
  assert.equal(table.get("a", undefined), first);
  assert.equal(table.get("a", "default"), first);
  assert.throws(() => table.get("a", "k8s.io"), { code: "not-found" });
  const second = await table.add("k8s.io", "a", async () => taskOf("k8s.io", "a"));
  assert.throws(() => table.get("a", undefined), { code: "failed-precondition" });
  assert.equal(table.get("a", "k8s.io"), second);
  table.remove(first);
  assert.equal(table.get("a", undefined), second);
  table.remove(second);
  assert.throws(() => table.get("a", undefined), { code: "not-found" });
});

test("a name is taken from the moment that its task is asked for, and free when that fails", async () => {
  const table = new TaskTable();
  const never = Promise.withResolvers<Task>();
  const making = table.add("default", "a", () => never.promise);
  await assert.rejects(
    table.add("default", "a", async () => taskOf("default", "a")),
    { code: "already-exists" },
  );
  never.reject(new Error("no bundle"));
  await assert.rejects(making, /no bundle/u);
  await table.add("default", "a", async () => taskOf("default", "a"));
});
