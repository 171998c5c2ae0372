import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { readEntry, replay } from "./journal-entries.ts";
import { Machine } from "./runtime-fixture.ts";
import { guestModule } from "./testdata/guests.ts";

test("what a guest computes is counted while it keeps the thread, and stays known when it has ended", async () => {
  await using machine = new Machine();
  const { runtime } = machine;
  await machine.place("pod");
  await machine.run("villain", "spinner");
  const first = runtime.statsOf("villain");
  assert.ok(first.cpuNanoseconds > 0, "it was compiled");
  let later = first;
  while (later.cpuNanoseconds < first.cpuNanoseconds + 20_000_000) {
    await sleep(1);
    later = runtime.statsOf("villain");
  }
  await runtime.killWorkload("villain", "SIGKILL");
  const last = runtime.statsOf("villain");
  assert.ok(last.cpuNanoseconds >= later.cpuNanoseconds);
  assert.deepEqual(runtime.statsOf("villain"), last);
  assert.equal(last.memoryBytes, 0);
  await runtime.deleteWorkload("villain");
  assert.throws(() => runtime.statsOf("villain"), { code: "not-found" });
});

test("together guests have computed no longer than their cell's thread", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  const names = Array.from({ length: 20 }, (_, index) => `guest-${String(index)}`);
  await Promise.all(names.map((name) => machine.run(name, "greeter")));
  await Promise.all(names.map((name) => machine.runtime.waitWorkload(name)));
  const [cell] = machine.runtime.listCells();
  const thread = readFileSync(`/proc/${String(cell?.pid)}/schedstat`, "utf8").split(" ")[0];
  const times = names.map((name) => machine.runtime.statsOf(name).cpuNanoseconds);
  assert.ok(times.every((time) => time > 0));
  assert.ok(times.reduce((sum, time) => sum + time, 0) <= Number(thread) * 2, "twice, as V8 compiles beside it");
});

const page = 65_536;

test("a cap that is raised lets a guest that runs have more, and one below what it has is refused", async () => {
  await using machine = new Machine();
  const { runtime } = machine;
  const port = (await machine.place("pod", "default", [0])).listeners[0]?.port ?? 0;
  await machine.run("a", "grower", { memoryBytesMax: 2 * page });
  /** The guest grows by a page for each client, and answers how many it has, or ff where it was refused. */
  async function grow(): Promise<string> {
    const [answer] = (await once(connect({ host: "127.0.0.1", port }), "data")) as [Buffer];
    return answer.toString("hex");
  }
  assert.deepEqual([await grow(), await grow()], ["02", "ff"]);
  await assert.rejects(runtime.limitWorkload("a", { memoryBytesMax: 2 * page - 1 }), {
    code: "failed-precondition",
    message: /"131071".*"131072"/u,
  });
  assert.equal(runtime.statsOf("a").memoryBytesMax, 2 * page);
  const limits = { memoryBytesMax: 3 * page, cpu: { shares: 512 } };
  await runtime.limitWorkload("a", limits);
  await runtime.limitWorkload("a", limits);
  assert.deepEqual([await grow(), await grow()], ["03", "ff"]);
  const { memoryBytes, memoryBytesMax, cpu } = runtime.statsOf("a");
  assert.deepEqual([memoryBytes, memoryBytesMax, cpu], [3 * page, 3 * page, { shares: 512 }]);
});

test("limits that changed before a guest starts are those that it starts with, also for the next control", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  const { bytes, digest } = await guestModule("sleeper");
  const module = { path: join(machine.path, "guest.wasm"), digest };
  writeFileSync(module.path, bytes);
  const spec = { sandboxId: "pod", module, args: [], env: [], mounts: [], output: { kind: "discard" } } as const;
  await machine.runtime.createWorkload({ ...spec, id: "a", memoryBytesMax: page });
  await machine.runtime.limitWorkload("a", { memoryBytesMax: page - 1 });
  await machine.runtime.startWorkload("a");
  const { reason, message } = await machine.runtime.waitWorkload("a");
  assert.equal(reason, "StartError");
  assert.match(message, /"65536" bytes of memory and .*"65535" in all/u);
  const entries = readFileSync(join(machine.path, "state/node.journal"), "utf8").trimEnd().split("\n");
  const remembered = replay(entries.map((line) => readEntry(JSON.parse(line))));
  assert.equal(remembered.workloads.get("a")?.spec.memoryBytesMax, page - 1);
  await assert.rejects(machine.runtime.limitWorkload("a", {}), { code: "failed-precondition" });
});

test("changes of a guest that keeps the thread are answered before it gives it back", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.run("villain", "spinner");
  await machine.runtime.limitWorkload("villain", { memoryBytesMax: 2 * page });
  await machine.runtime.pauseWorkload("villain");
  assert.equal(machine.runtime.listWorkloads()[0]?.isPaused, true);
  await machine.runtime.killWorkload("villain", "SIGKILL");
  assert.equal((await machine.runtime.waitWorkload("villain")).code, 137);
});

test("a paused guest serves nobody until it is resumed, and one that is killed is not resumed first", async () => {
  await using machine = new Machine();
  const { runtime } = machine;
  const port = (await machine.place("pod", "default", [0])).listeners[0]?.port ?? 0;
  await machine.run("a", "grower");
  const told: unknown[] = [];
  const stop = runtime.onChange(({ state, isPaused }) => told.push([state, isPaused]));
  await runtime.pauseWorkload("a");
  await runtime.pauseWorkload("a");
  const before = runtime.statsOf("a").cpuNanoseconds;
  const client = connect({ host: "127.0.0.1", port });
  await once(client, "connect");
  // A neighbour that is served in the same cell shows that the guest would have been.
  await machine.run("b", "greeter");
  await runtime.waitWorkload("b");
  assert.equal(client.bytesRead, 0);
  assert.equal(runtime.statsOf("a").cpuNanoseconds, before);
  const answered = once(client, "data");
  await runtime.resumeWorkload("a");
  await answered;
  assert.deepEqual(told.slice(0, 1).concat(told.slice(-1)), [
    ["running", true],
    ["running", false],
  ]);
  stop();
  await runtime.pauseWorkload("a");
  await runtime.killWorkload("a", "SIGTERM");
  assert.equal((await runtime.waitWorkload("a")).code, 143);
  await assert.rejects(runtime.pauseWorkload("a"), { code: "failed-precondition" });
});
