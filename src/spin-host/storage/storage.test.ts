import assert from "node:assert/strict";
import { existsSync, mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as breathe } from "node:timers/promises";
import * as fc from "fast-check";
import { storageLimits } from "./limits.ts";
import type { SqlValue } from "./messages.ts";
import { Storage, type StorageConnection } from "./storage.ts";
import { StorageError } from "./storage-thread.ts";

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

/** Stores in memory, or in files, for one test. */
class OpenStorage extends Storage implements Disposable {
  [Symbol.dispose](): void {
    this.close();
  }
}

test("values are set, replaced, listed and deleted", async () => {
  using storage = new OpenStorage({});
  await storage.set([
    ["b", bytes("1")],
    ["a", bytes("2")],
  ]);
  await storage.set([["b", bytes("3")]]);
  assert.deepEqual(await storage.get(["a", "b", "c"]), [bytes("2"), bytes("3"), undefined]);
  assert.deepEqual(await storage.keys(), ["a", "b"]);
  await storage.delete(["b", "c"]);
  assert.deepEqual([await storage.exists("a"), await storage.exists("b")], [true, false]);
});

test("numbers are counted without losing one, by however many", async () => {
  using storage = new OpenStorage({});
  const added = await Promise.all(Array.from({ length: 50 }, () => storage.increment("n", 2n)));
  assert.equal(new Set(added).size, 50);
  assert.equal(await storage.increment("n", -100n), 0n);
  await storage.set([["text", bytes("x")]]);
  await assert.rejects(storage.increment("text", 1n), { name: "StorageError", message: /no number/ });
});

test("a value is swapped only where it is what it was", async () => {
  using storage = new OpenStorage({});
  assert.equal(await storage.swap("a", undefined, bytes("1")), undefined);
  assert.deepEqual(await storage.swap("a", undefined, bytes("2")), { current: bytes("1") });
  assert.equal(await storage.swap("a", bytes("1"), bytes("2")), undefined);
  assert.deepEqual(await storage.swap("gone", bytes("1"), bytes("2")), {});
});

test("files outlive whoever used them, and are made with their folder", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-spin-"));
  const files = { keyValuePath: join(directory.path, "s/kv.db"), sqlitePath: join(directory.path, "s/sql.db") };
  for (const round of [1n, 2n]) {
    using storage = new OpenStorage(files);
    assert.equal(await storage.increment("n", 1n), round);
    const connection = await storage.connect();
    await connection.execute("CREATE TABLE IF NOT EXISTS t (n)", []);
    await connection.execute("INSERT INTO t VALUES (?)", [round]);
    assert.deepEqual((await connection.execute("SELECT count(*) FROM t", [])).rows, [[round]]);
  }
});

test("any values of SQL go in and come out as they were", async () => {
  using storage = new OpenStorage({});
  const connection = await storage.connect();
  const values = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.string().filter((text) => !text.includes("\0")),
    fc.uint8Array(),
    fc.constant(null),
  );
  await fc.assert(
    fc.asyncProperty(fc.array<SqlValue>(values, { minLength: 1, maxLength: 5 }), async (row) => {
      const marks = row.map(() => "?").join(", ");
      assert.deepEqual((await connection.execute(`SELECT ${marks}`, row)).rows, [row]);
    }),
    { numRuns: 50 },
  );
});

test("a statement answers with its columns, its rows and what it changed", async () => {
  using storage = new OpenStorage({});
  const connection = await storage.connect();
  await connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x REAL)", []);
  const inserted = await connection.execute("INSERT INTO t (x) VALUES (1.5), (2)", []);
  assert.deepEqual([inserted.lastInsertRowid, inserted.changes], [2n, 2n]);
  const { columns, rows } = await connection.execute("SELECT id, x, x AS x FROM t", []);
  assert.deepEqual(columns, ["id", "x", "x"]);
  assert.deepEqual(rows, [
    [1n, 1.5, 1.5],
    [2n, 2, 2],
  ]);
  await assert.rejects(connection.execute("SELEC", []), { name: "StorageError", kind: "other", message: /syntax/ });
});

test("no statement reaches a file, a setting of the process or an extension", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-spin-"));
  using storage = new OpenStorage({ sqlitePath: join(directory.path, "own.db") });
  const connection = await storage.connect();
  const other = join(directory.path, "other.db");
  const statements = [
    `ATTACH DATABASE '${other}' AS other`,
    `VACUUM INTO '${other}'`,
    "PRAGMA max_page_count = 1000000000",
    "PRAGMA temp_store_directory = '/'",
    "PRAGMA mmap_size = 1000000",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = OFF",
    "SELECT load_extension('x')",
    `SELECT zeroblob(${String(storageLimits.valueBytesMax + 1)})`,
    "ATTACH DATABASE ':memory:' AS other",
  ];
  for (const statement of statements) {
    await assert.rejects(connection.execute(statement, []), { name: "StorageError" }, statement);
  }
  assert.ok(!existsSync(other));
  await connection.execute("CREATE TABLE t (n)", []);
  await connection.execute("VACUUM", []);
  assert.deepEqual((await connection.execute("PRAGMA table_info(t)", [])).rows.length, 1);
});

async function twoConnections(storage: Storage): Promise<readonly [StorageConnection, StorageConnection]> {
  return [await storage.connect(), await storage.connect()];
}

test("without a file, all connections of an application have one database, and no other application's", async () => {
  using storage = new OpenStorage({});
  using other = new OpenStorage({});
  const first = await storage.connect();
  await first.execute("CREATE TABLE t (n)", []);
  first.close();
  const second = await storage.connect();
  assert.deepEqual((await second.execute("SELECT count(*) FROM t", [])).rows, [[0n]]);
  const third = await other.connect();
  await assert.rejects(third.execute("SELECT * FROM t", []), { name: "StorageError", message: /no such table/ });
  const filling = "INSERT INTO t SELECT randomblob(1000000) FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9))";
  const fill = async (): Promise<never> => {
    for (;;) await second.execute(filling, []);
  };
  await assert.rejects(fill(), { name: "StorageError", kind: "full" });
});

test("a transaction makes another connection wait, and goes with a connection that does not end it", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-spin-"));
  using storage = new OpenStorage({ sqlitePath: join(directory.path, "own.db") });
  const [first, second] = await twoConnections(storage);
  await first.execute("CREATE TABLE t (n)", []);
  await first.execute("BEGIN IMMEDIATE", []);
  await first.execute("INSERT INTO t VALUES (1)", []);
  const waiting = second.execute("INSERT INTO t VALUES (2)", []);
  await first.execute("COMMIT", []);
  await waiting;
  await first.execute("BEGIN IMMEDIATE", []);
  await first.execute("DELETE FROM t", []);
  const counted = second.execute("INSERT INTO t VALUES (3)", []);
  first.close();
  await counted;
  assert.deepEqual((await second.execute("SELECT count(*) FROM t", [])).rows, [[3n]]);
});

/** Counts to so many, which keeps SQLite busy for some seconds. */
const counting =
  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 10000000) SELECT count(*) FROM n";

/** Asks again and again: a thread may begin later than it has time for. */
async function untilAnswered<Value>(ask: () => Promise<Value>): Promise<Value> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      assert.ok(error instanceof StorageError);
      await breathe();
    }
  }
}

test("a statement that takes too long is left, keys go on meanwhile, and statements when it has ended", async () => {
  using storage = new OpenStorage({}, 300);
  const connection = await untilAnswered(() => storage.connect());
  await assert.rejects(connection.execute(counting, []), { name: "StorageError", message: "a call took too long" });
  await assert.rejects(storage.connect(), { name: "StorageError", message: /has not ended yet/ });
  assert.deepEqual(await untilAnswered(() => storage.keys()), []);
  const again = await untilAnswered(() => storage.connect());
  assert.deepEqual((await again.execute("SELECT 1", [])).rows, [[1n]]);
  await assert.rejects(connection.execute("SELECT 1", []), { name: "StorageError", message: /connection was lost/ });
});

test("an application that has ended answers nothing more", async () => {
  const storage = new Storage({});
  const asked = storage.keys();
  storage.close();
  await assert.rejects(asked, { name: "StorageError", message: "the application has ended" });
});

test("there are so many connections and no more", async () => {
  using storage = new OpenStorage({});
  const all = await Promise.all(Array.from({ length: storageLimits.connectionsMax }, () => storage.connect()));
  await assert.rejects(storage.connect(), { name: "StorageError", message: /too many/ });
  all[0]?.close();
  await storage.connect();
});
