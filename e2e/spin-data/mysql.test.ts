import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";

import { ComponentOfTest } from "../../src/spin-host/interfaces/component-fixture.ts";
import { mysqlUser, startMysql } from "./mysql-server.ts";

const mysql = await startMysql();
test.after(() => mysql[Symbol.asyncDispose]());
const place = `127.0.0.1:${mysql.port}`;
const address = `mysql://${mysqlUser.name}:${mysqlUser.password}@${place}/shop`;

const [two, three] = ["fermyon:spin/mysql@2#", "spin:mysql/mysql@3#"];

interface Value {
  readonly tag: string;
  readonly value?: unknown;
}

interface RowSet {
  readonly columns: readonly { readonly name: string; readonly "data-type": string }[];
  readonly rows: readonly (readonly Value[])[];
}

function allowed(): ComponentOfTest {
  return new ComponentOfTest({ outbound: [`mysql://${place}`] });
}

async function opened(component: ComponentOfTest) {
  const connection = await component.value(`${two}[static]connection.open`, address);
  const call = async (method: string, statement: string, values: readonly Value[]): Promise<Value> =>
    // The shape of every answer.
    (await component.call(`${two}[method]connection.${method}`, connection, statement, values)) as Value;
  return {
    execute: async (statement: string, ...values: readonly Value[]) =>
      assert.deepEqual(await call("execute", statement, values), { tag: "ok" }, statement),
    query: async (statement: string, ...values: readonly Value[]): Promise<RowSet> => {
      const { tag, value } = await call("query", statement, values);
      assert.equal(tag, "ok", statement);
      return value as RowSet;
    },
    failure: async (method: string, statement: string, ...values: readonly Value[]): Promise<Value> => {
      const { tag, value } = await call(method, statement, values);
      assert.equal(tag, "err", statement);
      return value as Value;
    },
  };
}

test("values of every type that Spin knows come back as they were given", async () => {
  using component = allowed();
  const { execute, query } = await opened(component);
  const columns: readonly (readonly [type: string, value: Value, expected?: Value])[] = [
    ["BOOLEAN", { tag: "boolean", value: true }, { tag: "int8", value: 1 }],
    ["TINYINT", { tag: "int8", value: -128 }],
    ["SMALLINT", { tag: "int16", value: -32_768 }],
    ["MEDIUMINT", { tag: "int32", value: -5 }],
    ["INT", { tag: "int32", value: 2_147_483_647 }],
    ["BIGINT", { tag: "int64", value: -(2n ** 63n) }],
    ["TINYINT UNSIGNED", { tag: "uint8", value: 255 }],
    ["SMALLINT UNSIGNED", { tag: "uint16", value: 65_535 }],
    ["INT UNSIGNED", { tag: "uint32", value: 4_294_967_295 }],
    ["BIGINT UNSIGNED", { tag: "uint64", value: 2n ** 64n - 1n }],
    ["FLOAT", { tag: "floating32", value: 0.5 }],
    ["DOUBLE", { tag: "floating64", value: 1e300 }],
    ["VARCHAR(20)", { tag: "str", value: "é'\"\\" }],
    ["TEXT", { tag: "str", value: "" }],
    ["BLOB", { tag: "binary", value: new Uint8Array([0, 255]) }],
    ["VARBINARY(9)", { tag: "binary", value: new Uint8Array([39]) }],
    ["INT", { tag: "db-null" }],
  ];
  const names = columns.map(([type], at) => `c${at} ${type}`).join(", ");
  await execute(`CREATE TEMPORARY TABLE t (${names})`);
  await execute(`INSERT INTO t VALUES (${columns.map(() => "?").join(", ")})`, ...columns.map(([, value]) => value));
  const { rows, columns: described } = await query("SELECT * FROM t WHERE c3 = ?", { tag: "int32", value: -5 });
  assert.deepEqual(rows, [columns.map(([, value, expected]) => expected ?? value)]);
  assert.deepEqual(described.at(0), { name: "c0", "data-type": "int8" });
  assert.deepEqual(described.at(-1), { name: "c16", "data-type": "int32" });
});

test("errors are Spin's: of statements, of values that it does not know and of addresses", async () => {
  using component = allowed();
  const { execute, failure, query } = await opened(component);
  assert.equal((await failure("query", "SELECT nonsense")).tag, "query-failed");
  assert.equal((await failure("query", "SELECT 1.5")).tag, "value-conversion-failed");
  await execute("SELECT 1.5");
  assert.match(String((await failure("execute", "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t")).value), /./);
  assert.deepEqual((await query("SELECT 'still here' AS a")).rows, [[{ tag: "str", value: "still here" }]]);
  const open = async (text: string): Promise<Value> => {
    const answer = (await component.call(`${two}[static]connection.open`, text)) as { readonly value: Value };
    assert.equal(answer.value.tag, "connection-failed", text);
    return answer.value;
  };
  assert.match(String((await open("mysql://ada@example.com/shop")).value), /is not permitted/);
  assert.match(String((await open(address.replace("secret", "wrong"))).value), /Access denied/);
  assert.match(String((await open(`${address}?ssl-mode=REQUIRED`)).value), /TLS/);
  await open("postgres://ada@db");
});

test("rows come as a stream to those who may wait, and Spin 1 connects for each statement", async () => {
  using component = allowed();
  const connection = await component.value(`${three}[static]connection.open`, address);
  const [columns, stream, end] = (await component.value(
    `${three}[method]connection.query`,
    connection,
    "SELECT 1 AS n UNION SELECT 2",
    [],
  )) as [unknown, AsyncIterable<readonly unknown[]>, { readonly future: Promise<unknown> }];
  assert.deepEqual(columns, [{ name: "n", "data-type": "int32" }]);
  const rows = [1, 2].map((value) => [{ tag: "int32", value }]);
  assert.deepEqual((await Array.fromAsync(stream)).flat(), rows);
  assert.deepEqual(await end.future, { tag: "ok" });
  await component.check({ tag: "ok" }, `${three}[method]connection.execute`, connection, "SELECT 1", []);
  const single = (await component.value(
    "fermyon:spin/mysql#query",
    address,
    "SELECT 1 AS n UNION SELECT 2",
    [],
  )) as RowSet;
  assert.deepEqual(single.rows, rows);
  await component.check({ tag: "ok" }, "fermyon:spin/mysql#execute", address, "SELECT 1", []);
});

test("a statement that never ends holds up no other connection, and ends with its instance", async () => {
  using component = allowed();
  const [waiting, other] = [await opened(component), await opened(component)];
  const left = waiting.failure("query", "SELECT SLEEP(1000)");
  assert.equal((await other.query("SELECT 1")).rows.length, 1);
  component[Symbol.dispose]();
  assert.equal((await left).tag, "query-failed");
});

test("an answer that is larger than is taken ends its connection", async () => {
  using component = allowed();
  const { failure } = await opened(component);
  const refused = { tag: "query-failed", value: "query result exceeds limit of 67108864 bytes" };
  assert.deepEqual(await failure("query", "SELECT REPEAT('x', 100000000)"), refused);
  // A NULL takes a bit on its way, and an object here.
  const nulls = Array.from({ length: 200 }, (_, at) => `NULL AS c${at}`).join(", ");
  const other = await opened(component);
  assert.deepEqual(await other.failure("query", `SELECT ${nulls} FROM seq_1_to_10000`), refused);
});

test("a server that speaks nonsense fails its connection and nothing else", async () => {
  const answers = ["\n", "\u0001\u0000\u0000\u0000\n", "\u0005\u0000\u0000\u0000\u000a8.0\u0000", "x".repeat(300)];
  for (const nonsense of answers) {
    const server = createServer((socket) => socket.end(nonsense, "latin1")).listen(0, "127.0.0.1");
    await once(server, "listening");
    // A listening server has an address with a port.
    const { port } = server.address() as AddressInfo;
    using component = new ComponentOfTest({ outbound: [`mysql://127.0.0.1:${port}`] });
    const answer = (await component.call(`${two}[static]connection.open`, `mysql://ada@127.0.0.1:${port}/a`)) as {
      readonly value: Value;
    };
    assert.equal(answer.value.tag, "connection-failed", JSON.stringify(nonsense));
    server.close();
  }
});
