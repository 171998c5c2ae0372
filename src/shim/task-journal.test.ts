import assert from "node:assert/strict";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import * as fc from "fast-check";

import { silentLog } from "#base";

import { TaskJournal, type TaskRecord } from "./task-journal.ts";

const exit = { code: 3, atMs: 5, isOutOfMemory: false };

function recordOf(id: string): TaskRecord {
  const streams = { stdin: "", stdout: "", stderr: "", terminal: false };
  return { identity: { namespace: "ns", id, bundle: `/b/${id}` }, streams, kind: "container", mountCount: 1 };
}

type Step = (journal: TaskJournal, id: string) => void;

/** What can be written of a task, at any time. */
const steps: Readonly<Record<string, Step>> = {
  making: (journal, id) => journal.making(`ns/${id}`, `/b/${id}`),
  made: (journal, id) => journal.made(`ns/${id}`, recordOf(id)),
  running: (journal, id) => journal.podChanged(`ns/${id}`, { status: "running" }),
  removing: (journal, id) => journal.removing(`ns/${id}`, exit),
  gone: (journal, id) => journal.gone(`ns/${id}`, exit),
};

test("whatever was written, the next process knows what this one knew", () => {
  const anyStep = fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.constantFrom("a", "b"));
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 30 }), (taken) => {
      using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-tasks-"));
      const path = join(directory.path, "journal");
      using first = TaskJournal.open(path, silentLog);
      for (const [step, id] of taken) steps[step]?.(first, id);
      using second = TaskJournal.open(path, silentLog);
      assert.deepEqual([...second.tasks], [...first.tasks]);
      for (const id of ["a", "b"]) assert.deepEqual(second.graveOf(id, "ns"), first.graveOf(id, "ns"));
    }),
  );
});

test("a rewritten journal says what the long one said", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-tasks-"));
  const path = join(directory.path, "journal");
  using first = TaskJournal.open(path, silentLog);
  steps["making"]?.(first, "kept");
  steps["made"]?.(first, "kept");
  for (let times = 0; times < 1_500; times += 1) {
    for (const step of ["making", "made", "removing", "gone"]) steps[step]?.(first, `short-${String(times % 7)}`);
  }
  using second = TaskJournal.open(path, silentLog);
  assert.deepEqual([...second.tasks.keys()], ["ns/kept"]);
  assert.deepEqual(second.graveOf("short-0", undefined), { exit });
});
