import assert from "node:assert/strict";
import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { type LogFields, silentLog, systemClock } from "#base";
import { makeConfigMap, makePod } from "../testing/objects.ts";
import { EVENT_COUNT_MAX, EventStore } from "./event-store.ts";
import { OBJECT_BYTES_MAX, ObjectStore } from "./object-store.ts";
import { keyOf } from "./object-key.ts";
import { openStateDatabase } from "./state-database.ts";

function temporaryFolder(): ReturnType<typeof mkdtempDisposableSync> {
  return mkdtempDisposableSync(join(tmpdir(), "kwasm-store-"));
}

test("objects and their version outlive the process", () => {
  using folder = temporaryFolder();
  let version = "";
  {
    using database = openStateDatabase(folder.path);
    const store = new ObjectStore(database, systemClock);
    const created = store.create(makeConfigMap("a", { k: "1" }));
    store.update(created, (object) => ({ ...object, data: { k: "2" } }));
    store.create(makeConfigMap("b", {}));
    store.remove({ kind: "ConfigMap", namespace: "default", name: "b" });
    version = store.get("ConfigMap", "a", "default")?.metadata.resourceVersion ?? "";
  }
  using database = openStateDatabase(folder.path);
  const store = new ObjectStore(database, systemClock);
  assert.deepEqual(
    store.list("ConfigMap").map(({ data }) => data),
    [{ k: "2" }],
  );
  assert(Number(store.create(makeConfigMap("c", {})).metadata.resourceVersion) > Number(version));
});

test("damaged rows are left out by name, and the rest is there", () => {
  using folder = temporaryFolder();
  {
    using database = openStateDatabase(folder.path);
    const store = new ObjectStore(database, systemClock);
    for (const name of ["not-json", "not-whole", "other-name", "status", "fine"]) store.create(makePod(name));
    const change = database.prepare("UPDATE objects SET body = json_set(body, ?, ?) WHERE name = ?");
    change.run("$.spec.containers", 5, "not-whole");
    change.run("$.metadata.name", "../x", "other-name");
    change.run("$.status", 5, "status");
    database.exec("UPDATE objects SET body = '{' WHERE name = 'not-json'");
  }
  const said: unknown[] = [];
  const log = { ...silentLog, error: (_message: string, fields?: LogFields) => void said.push(fields?.["name"]) };
  using database = openStateDatabase(folder.path);
  const store = new ObjectStore(database, systemClock, log);
  assert.deepEqual(
    store.list("Pod").map(({ metadata }) => metadata.name),
    ["fine"],
  );
  assert.deepEqual(new Set(said), new Set(["not-json", "not-whole", "other-name", "status"]));
  store.create(makePod("not-whole"));
});

test("a damaged file is refused with what to do about it, wherever the damage is", () => {
  for (const [from, to] of [
    [0, 100],
    [4_200, 12_000],
  ] as const) {
    using folder = temporaryFolder();
    {
      using database = openStateDatabase(folder.path);
      const store = new ObjectStore(database, systemClock);
      for (let count = 0; count < 50; count += 1) store.create(makePod(`pod-${count}`));
    }
    const file = join(folder.path, "state.sqlite");
    writeFileSync(file, readFileSync(file).fill(0xa5, from, to));
    assert.throws(() => openStateDatabase(folder.path), { code: "failed-precondition", message: /damaged; remove/ });
  }
});

test("listeners hear every change once, and nothing of a change that changes nothing", () => {
  using folder = temporaryFolder();
  using database = openStateDatabase(folder.path);
  const store = new ObjectStore(database, systemClock);
  const heard: string[] = [];
  const stop = store.onChange(({ type }) => heard.push(type));
  const created = store.create(makeConfigMap("a", {}));
  store.update(created, (object) => ({ ...object }));
  store.update(created, (object) => ({ ...object, data: { k: "1" } }));
  store.remove({ kind: "ConfigMap", namespace: "default", name: "a" });
  stop();
  store.create(makeConfigMap("b", {}));
  assert.deepEqual(heard, ["ADDED", "MODIFIED", "DELETED"]);
});

test("another object of the same name is not changed by an update of the first", () => {
  using folder = temporaryFolder();
  using database = openStateDatabase(folder.path);
  const store = new ObjectStore(database, systemClock);
  const first = store.create(makeConfigMap("a", {}));
  store.remove({ kind: "ConfigMap", namespace: "default", name: "a" });
  assert.equal(
    store.update(first, (object) => ({ ...object, data: { k: "1" } })),
    undefined,
  );
  store.create(makeConfigMap("a", {}));
  assert.equal(
    store.update(first, (object) => ({ ...object, data: { k: "1" } })),
    undefined,
  );
  assert.throws(() => store.create(makeConfigMap("a", {})), { code: "already-exists" });
});

test("an object that is too large is refused", () => {
  using folder = temporaryFolder();
  using database = openStateDatabase(folder.path);
  const store = new ObjectStore(database, systemClock);
  assert.throws(() => store.create(makeConfigMap("a", { k: "x".repeat(OBJECT_BYTES_MAX) })), {
    code: "limit-exceeded",
  });
  store.create(makeConfigMap("a", { k: "x".repeat(OBJECT_BYTES_MAX - 1_000) }));
});

test("a state of another version is refused", () => {
  using folder = temporaryFolder();
  {
    using database = new DatabaseSync(join(folder.path, "state.sqlite"));
    database.exec("PRAGMA user_version = 99");
  }
  assert.throws(() => openStateDatabase(folder.path), { code: "unsupported" });
});

test("the same event is counted, and the oldest are forgotten", () => {
  using folder = temporaryFolder();
  using database = openStateDatabase(folder.path);
  const events = new EventStore(database, systemClock);
  const about = { kind: "Pod", namespace: "default", name: "a" };
  const event = { type: "Normal", reason: "Started", source: "kubelet", about } as const;
  for (let index = 0; index < 3; index += 1) events.record({ ...event, message: "same" });
  assert.deepEqual(
    events.listOf(about).map(({ count }) => count),
    [3],
  );
  database.exec("BEGIN");
  for (let index = 0; index < EVENT_COUNT_MAX + 200; index += 1) events.record({ ...event, message: String(index) });
  database.exec("COMMIT");
  assert(events.listOf(about).length < EVENT_COUNT_MAX + 100);
});

test("a full disk refuses a change with its reason, keeps what was there and takes the change once there is room", () => {
  using folder = temporaryFolder();
  using database = openStateDatabase(folder.path);
  const store = new ObjectStore(database, systemClock);
  const kept = store.create(makeConfigMap("a", {}));
  const pages = Number(database.prepare("PRAGMA page_count").get()?.["page_count"]);
  database.exec(`PRAGMA max_page_count = ${pages}`);
  const large = makeConfigMap("b", { k: "x".repeat(100_000) });
  assert.throws(() => store.create(large), { code: "unavailable" });
  assert.deepEqual([store.list("ConfigMap"), store.find(keyOf(large))], [[kept], undefined]);
  database.exec("PRAGMA max_page_count = 1000000");
  assert.equal(store.create(large).metadata.name, "b");
});

test("an event that a full disk does not take is lost without harm", () => {
  using folder = temporaryFolder();
  using database = openStateDatabase(folder.path);
  const events = new EventStore(database, systemClock);
  const about = { kind: "Pod", namespace: "default", name: "a" };
  const pages = Number(database.prepare("PRAGMA page_count").get()?.["page_count"]);
  database.exec(`PRAGMA max_page_count = ${pages}`);
  for (let number = 0; number < 100; number += 1) {
    const message = `${number} ${"x".repeat(1_000)}`;
    events.record({ type: "Normal", reason: "Started", message, source: "kwasm", about });
  }
  assert(events.listOf(about).length < 100);
});
