import assert from "node:assert/strict";
import { lstatSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { FileStat, NewTimes } from "./file-types.ts";
import { grantScratch, openDirectory, openFile, writeHostFile } from "./grant-fixture.ts";
import { nodeTimeOf, SetTimesMemory } from "./set-times.ts";

/** What the kernel may store beside the time asked for: half a step of a double at today's seconds, and a cut. */
const LOSS_NS_MAX = 121n;

function fill(hostPath: string): void {
  writeHostFile(hostPath, "file");
  symlinkSync("file", join(hostPath, "link"));
}

test("a guest reads the very nanoseconds it set, and the host nearly these", () => {
  using grant = grantScratch({ fill });
  for (const time of [1_700_000_000_123_456_789n, 1n, 0n, 4_000_000_000_999_999_999n, -5_500_000_001n]) {
    grant.root.setTimesAt("file", false, { accessed: "keep", modified: time });
    assert.equal(grant.root.statAt("file", false).modifiedNs, time);
    const stored = lstatSync(join(grant.hostPath, "file"), { bigint: true }).mtimeNs;
    const loss = stored < time ? time - stored : stored - time;
    assert.ok(loss <= 2n * LOSS_NS_MAX, `${time} was stored as ${stored}`);
  }
});

test("a time that is kept does not change by a nanosecond, and now is the kernel's now", () => {
  using grant = grantScratch({ fill });
  using file = openFile(grant.root, "file", { read: true });
  const before = file.stat();
  file.setTimes({ accessed: "keep", modified: before.modifiedNs - 100n });
  assert.equal(file.stat().accessedNs, before.accessedNs);
  assert.equal(file.stat().modifiedNs, before.modifiedNs - 100n);
  file.setTimes({ accessed: "keep", modified: "now" });
  assert.ok(file.stat().modifiedNs >= before.modifiedNs);
});

test("a time set is forgotten when the file changes", () => {
  using grant = grantScratch({ fill });
  using file = openFile(grant.root, "file", { read: true, write: true });
  file.setTimes({ accessed: "keep", modified: 1_000_000_000_000_000_001n });
  file.writeAt(Buffer.from("x"), 0n);
  assert.equal(file.stat().modifiedNs, lstatSync(join(grant.hostPath, "file"), { bigint: true }).mtimeNs);
});

test("times are set on a symlink itself, on what it leads to, and on directories", () => {
  using grant = grantScratch({ fill });
  const { root } = grant;
  const before = root.statAt("file", false);
  root.setTimesAt("link", false, timesAt(200n));
  assert.deepEqual([root.statAt("link", false).modifiedNs, root.statAt("file", false)], [200n, before]);
  root.setTimesAt("link", true, timesAt(300n));
  assert.deepEqual([root.statAt("link", false).modifiedNs, root.statAt("file", false).modifiedNs], [200n, 300n]);
  root.setTimes(timesAt(400n));
  assert.equal(root.statAt(".", false).modifiedNs, 400n);
  root.createDirectoryAt("dir");
  using directory = openDirectory(root, "dir");
  root.setTimesAt("dir/", false, timesAt(500n));
  assert.equal(directory.stat().modifiedNs, 500n);
});

test("setting a time to the one stored drops the one asked for before", () => {
  const memory = new SetTimesMemory();
  const stored = statAt(1_000n);
  memory.remember(timesAt(1_007n), stored);
  assert.equal(memory.restore(stored).modifiedNs, 1_007n);
  memory.remember({ accessed: "now", modified: "keep" }, stored);
  assert.equal(memory.restore(stored).modifiedNs, 1_007n);
  memory.remember(timesAt(1_000n), stored);
  assert.equal(memory.restore(stored).modifiedNs, 1_000n);
});

test("the memory of times is bounded, oldest out first", () => {
  const memory = new SetTimesMemory();
  for (let inode = 0n; inode < 5_000n; inode += 1n) memory.remember(timesAt(7n), { ...statAt(1n), inode });
  assert.equal(memory.restore({ ...statAt(1n), inode: 0n }).modifiedNs, 1n);
  assert.equal(memory.restore({ ...statAt(1n), inode: 4_999n }).modifiedNs, 7n);
});

test("times are handed to node:fs as decimal seconds", () => {
  checkNodeTime(0n, "0.000000000");
  checkNodeTime(1_700_000_000_000_000_001n, "1700000000.000000001");
  checkNodeTime(-1n, "-0.000000001");
  checkNodeTime(-5_500_000_000n, "-5.500000000");
});

function checkNodeTime(time: bigint, expected: string): void {
  assert.equal(nodeTimeOf(time), expected);
}

function timesAt(time: bigint): NewTimes {
  return { accessed: time, modified: time };
}

function statAt(time: bigint): FileStat {
  const times = { accessedNs: time, modifiedNs: time, changedNs: time };
  return { type: "regular-file", device: 1n, inode: 1n, linkCount: 1n, sizeBytes: 0n, ...times };
}
