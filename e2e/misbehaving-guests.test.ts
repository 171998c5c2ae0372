import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { Machine } from "./machine-fixture.ts";

/** `mfile`: too many open files. */
const ERRNO_MFILE = 33;
/** The two files of a container's log, each of which may pass its 10 MiB by the last write of at most 64 KiB. */
const LOG_BYTES_MAX = 2 * (10 * 1024 * 1024 + 65_536);

/** Longer than any test: only a kill ends a spinner then. */
const STALL_LIMIT_MS_NEVER = 3_600_000;

interface Expected {
  readonly code: number;
  readonly reason: string;
  readonly message?: RegExp;
}

async function checkEnd(machine: Machine, id: string, { code, reason, message = /^$/ }: Expected): Promise<void> {
  const exit = await machine.runtime.waitWorkload(id);
  assert.deepEqual({ code: exit.code, reason: exit.reason }, { code, reason }, `${id}: ${exit.message}`);
  assert.match(exit.message, message);
}

/** Everything that a user or containerd asks about the rest of the machine gets its answer. */
async function checkAnswers(machine: Machine, { group, running }: { group: string; running: string }): Promise<void> {
  assert.equal(machine.stateOf(running), "running");
  assert.ok(machine.runtime.statsOf(running).memoryBytes >= 65_536);
  await machine.nextOutput(running);
  const id = await machine.start(group, "trapper");
  await checkEnd(machine, id, { code: 134, reason: "Error", message: /out of bounds[^]*read_out_of_bounds/ });
  await machine.runtime.deleteWorkload(id);
}

function grantOneFile(machine: Machine) {
  writeFileSync(join(machine.directory, "file"), "content");
  return [{ hostPath: machine.directory, guestPath: "/", readOnly: true }];
}

test("a hog and an opener end alone, each with its reason, beside healthy guests", async () => {
  await using machine = new Machine();
  await machine.addGroup("a");
  await machine.addGroup("b");
  const innocent = await machine.start("a", "ticker");
  const other = await machine.start("b", "ticker");

  const hog = await machine.start("a", "hog");
  const opener = await machine.start("a", "opener", { mounts: grantOneFile(machine) });
  const trapper = await machine.start("a", "trapper");
  await checkAnswers(machine, { group: "b", running: other });
  await checkEnd(machine, hog, { code: 137, reason: "OOMKilled", message: /its limit is 16777216 bytes/ });
  await checkEnd(machine, opener, { code: ERRNO_MFILE, reason: "Error" });
  await checkEnd(machine, trapper, { code: 134, reason: "Error", message: /read_out_of_bounds/ });

  await machine.nextOutput(innocent);
  assert.equal(machine.stateOf(innocent), "running");
  assert.equal(machine.stateOf(other), "running");
});

test("a spinner keeps its cell's thread, and nothing else: everything outside is answered meanwhile", async () => {
  await using machine = new Machine({ stallLimitMs: STALL_LIMIT_MS_NEVER });
  await machine.addGroup("a");
  await machine.addGroup("b");
  const innocent = await machine.start("a", "ticker");
  const other = await machine.start("b", "ticker");

  const spinner = await machine.start("a", "spinner");
  await checkAnswers(machine, { group: "b", running: other });
  await machine.addGroup("c");
  const late = await machine.start("c", "ticker");
  await checkAnswers(machine, { group: "c", running: late });
  assert.equal(machine.stateOf(spinner), "running");

  await machine.runtime.killWorkload(spinner, "SIGKILL");
  await checkEnd(machine, spinner, { code: 137, reason: "Error", message: /did not yield/ });
  await checkEnd(machine, innocent, { code: 137, reason: "Error", message: /because of "a\/spinner"/ });
  await checkAnswers(machine, { group: "b", running: other });
  await checkAnswers(machine, { group: "c", running: late });

  await machine.runtime.deleteWorkload(innocent);
  const again = await machine.start("a", "ticker");
  await checkAnswers(machine, { group: "a", running: again });
});

test("a spinner is ended by itself once it has kept a shared cell's thread for too long", async () => {
  await using machine = new Machine({ stallLimitMs: 200 });
  await machine.addGroup("a");
  await machine.addGroup("b");
  const innocent = await machine.start("a", "ticker");
  const other = await machine.start("b", "ticker");

  const spinner = await machine.start("a", "spinner");
  await checkEnd(machine, spinner, { code: 137, reason: "Error", message: /kept the thread for 0\.2 s/ });
  await checkEnd(machine, innocent, {
    code: 137,
    reason: "Error",
    message: /because of "a\/spinner".*kept the thread/,
  });
  await checkAnswers(machine, { group: "b", running: other });
});

test("a guest that floods its log fills two files and no more, and is ended when it is told to", async () => {
  await using machine = new Machine();
  await machine.addGroup("a");
  await machine.addGroup("b");
  const innocent = await machine.start("a", "ticker");
  const other = await machine.start("b", "ticker");

  const flooder = await machine.start("a", "flooder");
  // The first file is full, the second is under way.
  while (!hasRotated(machine.logPath(flooder))) await machine.nextOutput(flooder);
  await machine.nextOutput(innocent);
  await checkAnswers(machine, { group: "b", running: other });

  await machine.runtime.killWorkload(flooder, "SIGTERM");
  await checkEnd(machine, flooder, { code: 143, reason: "Error" });
  const path = machine.logPath(flooder);
  assert.ok(statSync(path).size + statSync(`${path}.1`).size <= LOG_BYTES_MAX);
  assert.equal(machine.stateOf(innocent), "running");
});

function hasRotated(path: string): boolean {
  return statSync(`${path}.1`, { throwIfNoEntry: false }) !== undefined;
}
