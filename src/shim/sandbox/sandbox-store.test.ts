import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog } from "#base";

import { checkIdentifier, type SandboxRecord } from "./sandbox-record.ts";
import { SandboxStore } from "./sandbox-store.ts";

const record: SandboxRecord = {
  namespace: "k8s.io",
  id: "abc",
  group: "k8s.io/namespace/default",
  hasOwnGroup: false,
  hostname: "web",
  networkPath: "/var/run/netns/cni-1",
  state: "ready",
  createdAtMs: 1,
  exitedAtMs: 0,
};

function makeDirectory() {
  return mkdtempDisposable(join(tmpdir(), "kwasm-sandboxes-"));
}

test("the next store has the records that were kept, and not those that were deleted", async () => {
  await using directory = await makeDirectory();
  const store = new SandboxStore(directory.path, silentLog);
  store.put(record);
  store.put({ ...record, id: "gone" });
  store.put({ ...record, state: "stopped", exitedAtMs: 2 });
  store.delete({ ...record, id: "gone" });
  const next = new SandboxStore(directory.path, silentLog);
  assert.deepEqual(next.list(), [{ ...record, state: "stopped", exitedAtMs: 2 }]);
  assert.equal(next.get("k8s.io", "gone"), undefined);
  assert.equal(readdirSync(directory.path).length, 1);
});

test("ids of two namespaces are two sandboxes", async () => {
  await using directory = await makeDirectory();
  const store = new SandboxStore(directory.path, silentLog);
  store.put(record);
  store.put({ ...record, namespace: "other" });
  assert.equal(new SandboxStore(directory.path, silentLog).list().length, 2);
});

test("a file that is no record is left out", async () => {
  await using directory = await makeDirectory();
  new SandboxStore(directory.path, silentLog).put(record);
  const broken = ["", "{", "null", "{}", JSON.stringify({ ...record, state: "else" })];
  for (const [index, text] of broken.entries()) writeFileSync(join(directory.path, `${String(index)}.json`), text);
  assert.deepEqual(new SandboxStore(directory.path, silentLog).list(), [record]);
});

test("as many sandboxes as allowed are kept, and one more is refused", async () => {
  await using directory = await makeDirectory();
  const store = new SandboxStore(directory.path, silentLog, 2);
  store.put(record);
  store.put({ ...record, id: "second" });
  assert.throws(() => store.put({ ...record, id: "third" }), { code: "limit-exceeded" });
  store.put({ ...record, state: "stopped" });
  assert.equal(store.list().length, 2);
});

test("an identifier is one of containerd's", () => {
  for (const good of ["a", "k8s.io", "a-b_c", "a".repeat(76)]) assert.equal(checkIdentifier("id", good), good);
  for (const bad of ["", ".", "..", "a/b", "../a", "a~b", "a..b", "-a", "a".repeat(77)]) {
    assert.throws(() => checkIdentifier("id", bad), { code: "invalid-argument" }, bad);
  }
});
