import assert from "node:assert/strict";
import { test } from "node:test";
import { ComponentOfTest } from "./component-fixture.ts";

const ok = (value?: unknown) => (value === undefined ? { tag: "ok" } : { tag: "ok", value });
const denied = { tag: "err", value: { tag: "access-denied" } };

test("variables are the component's own, in the interfaces of Spin 2 and 3 and of wasi:config", async () => {
  using component = new ComponentOfTest();
  for (const name of ["fermyon:spin/variables@2#get", "spin:variables/variables@3#get"]) {
    await component.check(ok("hi"), name, "greeting");
    const missing = 'no variable for "other"; name it in the component\'s "variables"';
    await component.check({ tag: "err", value: { tag: "undefined", value: missing } }, name, "other");
    const invalid = '"Not-one" is not in lower_snake_case';
    await component.check({ tag: "err", value: { tag: "invalid-name", value: invalid } }, name, "Not-one");
  }
  const config = "wasi:config/store@0.2.0-draft-2024-09-27";
  await component.check(ok("hi"), `${config}#get`, "greeting");
  await component.check({ tag: "ok", value: undefined }, `${config}#get`, "other");
  await component.check(ok([["greeting", "hi"]]), `${config}#get-all`);
});

test("a model is not supported", async () => {
  using component = new ComponentOfTest();
  const refused = { tag: "err", value: { tag: "model-not-supported" } };
  await component.check(refused, "fermyon:spin/llm@2#infer", "llama2-chat", "Hello", undefined);
  await component.check(refused, "fermyon:spin/llm@2#generate-embeddings", "all-minilm-l6-v2", []);
});

test("a key-value store is the same by the interfaces of Spin 2 and 3 and of wasi:keyvalue", async () => {
  using component = new ComponentOfTest();
  const [two, three, wasi] = [
    "fermyon:spin/key-value@2#",
    "spin:key-value/key-value@3#",
    "wasi:keyvalue/store@0.2.0-draft2#",
  ];
  const store2 = await component.value(`${two}[static]store.open`, "default");
  const store3 = await component.value(`${three}[static]store.open`, "default");
  const bucket = await component.value(`${wasi}open`, "");
  const value = new Uint8Array([1, 2]);
  await component.check(ok(), `${two}[method]store.set`, store2, "a", value);
  await component.check(ok(value), `${three}[method]store.get`, store3, "a");
  await component.check(ok(value), `${wasi}[method]bucket.get`, bucket, "a");
  await component.check({ tag: "ok", value: undefined }, `${two}[method]store.get`, store2, "b");
  await component.check(ok(true), `${three}[method]store.exists`, store3, "a");
  await component.check(ok(["a"]), `${two}[method]store.get-keys`, store2);
  await component.check(ok({ keys: ["a"], cursor: undefined }), `${wasi}[method]bucket.list-keys`, bucket, undefined);
  const [stream, end] = (await component.call(`${three}[method]store.get-keys`, store3)) as [
    AsyncIterable<readonly string[]>,
    { readonly future: Promise<unknown> },
  ];
  assert.deepEqual(await Array.fromAsync(stream), [["a"]]);
  assert.deepEqual(await end.future, ok());
  await component.check(ok(), `${wasi}[method]bucket.delete`, bucket, "a");
  await component.check(ok(false), `${two}[method]store.exists`, store2, "a");
  const long = { tag: "err", value: { tag: "other", value: "the key is too long" } };
  await component.check(long, `${two}[method]store.set`, store2, "k".repeat(5_000), value);
});

test("stores that a component may not open, or too many of them, are denied", async () => {
  using component = new ComponentOfTest({ keyValueStores: [], sqliteDatabases: [] });
  await component.check(denied, "fermyon:spin/key-value@2#[static]store.open", "default");
  await component.check(denied, "spin:key-value/key-value@3#[static]store.open", "default");
  await component.check(denied, "wasi:keyvalue/store@0.2.0-draft2#open", "");
  await component.check(denied, "fermyon:spin/sqlite@2#[static]connection.open", "default");
  await component.check(denied, "spin:sqlite/sqlite@3#[static]connection.open-async", "default");
  using other = new ComponentOfTest();
  const open = "fermyon:spin/key-value@2#[static]store.open";
  const stores = await Promise.all(Array.from({ length: 1_024 }, () => other.value(open, "default")));
  await other.check({ tag: "err", value: { tag: "store-table-full" } }, open, "default");
  other.drop("fermyon:spin/key-value@2", "store", stores[0]);
  await other.value(open, "default");
});

test("wasi:keyvalue works on many keys at once, counts and compares", async () => {
  using component = new ComponentOfTest();
  const wasi = "wasi:keyvalue/";
  const version = "@0.2.0-draft2#";
  const bucket = await component.value(`${wasi}store${version}open`, "default");
  const [one, two] = [new Uint8Array([1]), new Uint8Array([2])];
  await component.check(ok(), `${wasi}batch${version}set-many`, bucket, [
    ["a", one],
    ["b", two],
  ]);
  const many = await component.value(`${wasi}batch${version}get-many`, bucket, ["b", "c"]);
  assert.deepEqual(many, [
    ["b", two],
    ["c", undefined],
  ]);
  await component.check(ok(), `${wasi}batch${version}delete-many`, bucket, ["b"]);
  await component.check(ok(5n), `${wasi}atomics${version}increment`, bucket, "n", 5n);
  const first = await component.value(`${wasi}atomics${version}[static]cas.new`, bucket, "a");
  const second = await component.value(`${wasi}atomics${version}[static]cas.new`, bucket, "a");
  await component.check(ok(one), `${wasi}atomics${version}[method]cas.current`, first);
  await component.check(ok(), `${wasi}atomics${version}swap`, first, two);
  const failed = (await component.call(`${wasi}atomics${version}swap`, second, one)) as {
    readonly value: { readonly tag: string; readonly value: unknown };
  };
  assert.equal(failed.value.tag, "cas-failed");
  await component.check(ok(two), `${wasi}atomics${version}[method]cas.current`, failed.value.value);
});

test("a database is asked in SQL by the interfaces of Spin 2 and 3", async () => {
  using component = new ComponentOfTest();
  const [two, three] = ["fermyon:spin/sqlite@2#", "spin:sqlite/sqlite@3#"];
  const connection = await component.value(`${two}[static]connection.open`, "default");
  await component.value(`${two}[method]connection.execute`, connection, "CREATE TABLE t (a, b, c, d, e)", []);
  const row = [
    { tag: "integer", value: 1n },
    { tag: "real", value: 1.5 },
    { tag: "text", value: "x" },
    { tag: "blob", value: new Uint8Array([7]) },
    { tag: "null" },
  ];
  await component.value(`${two}[method]connection.execute`, connection, "INSERT INTO t VALUES (?, ?, ?, ?, ?)", row);
  const expected = { columns: ["a", "b", "c", "d", "e"], rows: [{ values: row }] };
  await component.check(ok(expected), `${two}[method]connection.execute`, connection, "SELECT * FROM t", []);
  await component.check(1n, `${three}[method]connection.last-insert-rowid`, connection);
  await component.check(1n, `${three}[method]connection.changes-async`, connection);
  const [columns, stream, end] = (await component.value(
    `${three}[method]connection.execute-async`,
    connection,
    "SELECT * FROM t",
    [],
  )) as [readonly string[], AsyncIterable<unknown>, { readonly future: Promise<unknown> }];
  assert.deepEqual(columns, expected.columns);
  assert.deepEqual(await Array.fromAsync(stream), [expected.rows]);
  assert.deepEqual(await end.future, ok());
  const wrong = await component.call(`${two}[method]connection.execute`, connection, "SELECT * FROM absent", []);
  assert.deepEqual(wrong, { tag: "err", value: { tag: "io", value: "no such table: absent" } });
  component.drop("fermyon:spin/sqlite@2", "connection", connection);
});

test("Spin 1 has variables, stores and databases by numbers, with errors of its own", async () => {
  using component = new ComponentOfTest();
  await component.check(ok("hi"), "fermyon:spin/config#get-config", "greeting");
  const invalid = { tag: "invalid-key", value: '"No" is not in lower_snake_case' };
  await component.check({ tag: "err", value: invalid }, "fermyon:spin/config#get-config", "No");
  const keys = "fermyon:spin/key-value#";
  const store = await component.value(`${keys}open`, "default");
  assert.equal(store, 1);
  const value = new Uint8Array([1]);
  await component.check({ tag: "err", value: { tag: "no-such-key" } }, `${keys}get`, store, "a");
  await component.check(ok(), `${keys}set`, store, "a", value);
  await component.check(ok(value), `${keys}get`, store, "a");
  await component.check(ok(["a"]), `${keys}get-keys`, store);
  await component.check(undefined, `${keys}close`, store);
  await component.check({ tag: "err", value: { tag: "invalid-store" } }, `${keys}get`, store, "a");
  await component.check(denied, `${keys}open`, "other");
  const sql = "fermyon:spin/sqlite#";
  const connection = await component.value(`${sql}open`, "default");
  const rows = { columns: ["a"], rows: [{ values: [{ tag: "integer", value: 1n }] }] };
  await component.check(ok(rows), `${sql}execute`, connection, "SELECT 1 AS a", []);
  await component.check(undefined, `${sql}close`, connection);
  const gone = { tag: "err", value: { tag: "invalid-connection" } };
  await component.check(gone, `${sql}execute`, connection, "SELECT 1 AS a", []);
  await component.check(
    { tag: "err", value: { tag: "model-not-supported" } },
    "fermyon:spin/llm#infer",
    "m",
    "p",
    undefined,
  );
});
