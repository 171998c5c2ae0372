import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { ComponentOfTest } from "../../src/spin-host/interfaces/component-fixture.ts";
import { postgresUser, startPostgres } from "./postgres-server.ts";

const postgres = await startPostgres();
test.after(() => postgres[Symbol.asyncDispose]());
const place = `127.0.0.1:${postgres.port}`;
const address = `postgres://${postgresUser.name}:${postgresUser.password}@${place}/postgres?sslmode=disable`;

const [two, three, four] = ["fermyon:spin/postgres@2#", "spin:postgres/postgres@3#", "spin:postgres/postgres@4#"];

interface Value {
  readonly tag: string;
  readonly value?: unknown;
}

interface RowSet {
  readonly columns: readonly { readonly name: string; readonly "data-type": unknown }[];
  readonly rows: readonly (readonly Value[])[];
}

function allowed(): ComponentOfTest {
  return new ComponentOfTest({ outbound: [`postgres://${place}`] });
}

/** Asks one version of the interface over a connection of its own. */
async function opened(component: ComponentOfTest, version = four) {
  const connection = await component.value(`${version}[static]connection.open`, address);
  return {
    connection,
    query: async (statement: string, ...values: readonly Value[]): Promise<RowSet> =>
      // The shape of the answer is what is tested.
      (await component.value(`${version}[method]connection.query`, connection, statement, values)) as RowSet,
    execute: (statement: string, ...values: readonly Value[]) =>
      component.value(`${version}[method]connection.execute`, connection, statement, values),
    failure: async (method: string, statement: string, ...values: readonly Value[]): Promise<Value> => {
      const answer = (await component.call(
        `${version}[method]connection.${method}`,
        connection,
        statement,
        values,
      )) as Value;
      assert.equal(answer.tag, "err");
      return answer.value as Value;
    },
  };
}

/** A value comes back as the case that it was given as, from a column of its type. */
async function check(type: string, value: Value, expected: Value = value): Promise<void> {
  using component = allowed();
  const { query } = await opened(component);
  const { columns, rows } = await query(`SELECT $1::${type} AS v`, value);
  assert.deepEqual(rows, [[expected]], type);
  assert.deepEqual(columns, [{ name: "v", "data-type": { tag: expected.tag } }], type);
}

const bound = (value: unknown, kind = "inclusive") => [value, kind];

test("values of every type that Spin knows come back as they were given", async () => {
  await check("boolean", { tag: "boolean", value: true });
  await check("smallint", { tag: "int8", value: -5 }, { tag: "int16", value: -5 });
  await check("smallint", { tag: "int16", value: -32_768 });
  await check("integer", { tag: "int32", value: 2_147_483_647 });
  await check("bigint", { tag: "int64", value: -(2n ** 63n) });
  await check("real", { tag: "floating32", value: 0.5 });
  await check("double precision", { tag: "floating64", value: 1e300 });
  await check("double precision", { tag: "floating64", value: Number.NEGATIVE_INFINITY });
  await check("text", { tag: "str", value: "é\"'\\" });
  await check("varchar", { tag: "str", value: "" });
  await check("bytea", { tag: "binary", value: new Uint8Array([0, 255, 92]) });
  await check("date", { tag: "date", value: [2_026, 2, 28] });
  await check("date", { tag: "date", value: [-43, 3, 15] });
  await check("time", { tag: "time", value: [23, 59, 59, 123_456_000] });
  await check("timestamp", { tag: "datetime", value: [1_969, 12, 31, 23, 59, 59, 999_999_000] });
  const moment = { tag: "datetime", value: [2_001, 9, 9, 1, 46, 40, 0] };
  await check("timestamptz", { tag: "timestamp", value: 1_000_000_000n }, moment);
  await check("uuid", { tag: "uuid", value: "936da01f-9abd-4d9d-80c7-02af85c822a8" });
  await check("jsonb", { tag: "jsonb", value: new Uint8Array(Buffer.from('{"a": 1}')) });
  for (const value of ["0", "-0.00012", "12345678901234567890.1230", "10000", "0.5"]) {
    await check("numeric", { tag: "decimal", value });
  }
  await check("int4range", { tag: "range-int32", value: [bound(-1), bound(5, "exclusive")] });
  await check("int8range", { tag: "range-int64", value: [bound(2n ** 40n), undefined] });
  await check("numrange", { tag: "range-decimal", value: [undefined, bound("1.50")] });
  await check(
    "int4range",
    { tag: "range-int32", value: [bound(5), bound(5, "exclusive")] },
    { tag: "range-int32", value: [undefined, undefined] },
  );
  await check("integer[]", { tag: "array-int32", value: [1, undefined, -3] });
  await check("bigint[]", { tag: "array-int64", value: [] });
  await check("numeric[]", { tag: "array-decimal", value: ["1.5", undefined] });
  await check("text[]", { tag: "array-str", value: ['a "b" \\', undefined, "NULL", "{,}"] });
  await check("interval", { tag: "interval", value: { micros: -5n, days: 3, months: -14 } });
});

test("NULL is one for every type, and what Spin does not know is told as its bytes and its name", async () => {
  using component = allowed();
  const { query, execute } = await opened(component);
  await execute("CREATE TYPE mood AS ENUM ('sad', 'glad')");
  const statement = "SELECT $1::int AS a, $2::text AS b, 'glad'::mood AS c, '1'::json AS d";
  const { columns, rows } = await query(statement, { tag: "db-null" }, { tag: "db-null" });
  const types = [{ tag: "int32" }, { tag: "str" }, { tag: "other", value: "mood" }, { tag: "other", value: "json" }];
  assert.deepEqual(
    columns.map((column) => column["data-type"]),
    types,
  );
  const unsupported = ["glad", "1"].map((text) => ({ tag: "unsupported", value: new Uint8Array(Buffer.from(text)) }));
  assert.deepEqual(rows, [[{ tag: "db-null" }, { tag: "db-null" }, ...unsupported]]);
});

test("old versions have fewer types", async () => {
  using component = allowed();
  const statement = "SELECT 1::int8 AS a, DATE '2026-01-02' AS b, 1.5 AS c, NULL::uuid AS d";
  const older = await (await opened(component, two)).query(statement);
  assert.deepEqual(
    older.columns.map((column) => column["data-type"]),
    ["int64", "other", "other", "other"],
  );
  assert.deepEqual(older.rows, [
    [{ tag: "int64", value: 1n }, { tag: "unsupported" }, { tag: "unsupported" }, { tag: "db-null" }],
  ]);
  const old = await (await opened(component, three)).query(statement);
  assert.deepEqual(
    old.columns.map((column) => column["data-type"]),
    ["int64", "date", "other", "other"],
  );
  assert.deepEqual(old.rows[0]?.[1], { tag: "date", value: [2_026, 1, 2] });
});

test("statements tell how many rows they changed, and errors as Spin has them", async () => {
  using component = allowed();
  for (const version of [two, three, four]) {
    const { execute, failure } = await opened(component, version);
    await execute("CREATE TEMPORARY TABLE t (a int PRIMARY KEY, b text)");
    assert.equal(await execute("INSERT INTO t VALUES (1, $1), (2, $1)", { tag: "str", value: "x" }), 2n);
    assert.equal(await execute("UPDATE t SET b = 'y' WHERE a = $1", { tag: "int32", value: 2 }), 1n);
    assert.equal(await execute(""), 0n);
    const twice = await failure("execute", "INSERT INTO t VALUES (1, '')");
    assert.equal(twice.tag, "query-failed");
    const text = /duplicate key value violates unique constraint/;
    if (version !== four) {
      assert.match(String(twice.value), text);
      continue;
    }
    const { tag, value } = twice.value as { readonly tag: string; readonly value: Readonly<Record<string, unknown>> };
    assert.equal(tag, "db-error");
    assert.match(String(value["as-text"]), text);
    assert.deepEqual([value["severity"], value["code"]], ["ERROR", "23505"]);
    assert.equal(value["detail"], "Key (a)=(1) already exists.");
    assert.ok(
      (value["extras"] as readonly unknown[]).some((extra) => JSON.stringify(extra) === '["constraint","t_pkey"]'),
    );
    assert.equal(
      (await failure("query", "SELECT $1::date", { tag: "date", value: [2_026, 2, 30] })).tag,
      "bad-parameter",
    );
    const wrong = await failure("execute", "SELECT $1::jsonb", { tag: "jsonb", value: Buffer.from("{") });
    assert.deepEqual(wrong, { tag: "value-conversion-failed", value: "invalid JSON {" });
    const copy = await failure("execute", "COPY t FROM STDIN");
    assert.equal(copy.tag, "query-failed");
  }
  const unsigned = await (await opened(component, two)).failure("query", "SELECT $1", { tag: "uint8", value: 1 });
  assert.deepEqual(unsigned, { tag: "value-conversion-failed", value: "Postgres does not support unsigned integers" });
});

test("Spin 1 connects for each statement", async () => {
  using component = allowed();
  const name = "fermyon:spin/postgres#";
  const values = [{ tag: "int32", value: 7 }];
  const rows = (await component.value(`${name}query`, address, "SELECT $1::int AS a", values)) as RowSet;
  assert.deepEqual(rows, { columns: [{ name: "a", "data-type": "int32" }], rows: [[{ tag: "int32", value: 7 }]] });
  assert.equal(await component.value(`${name}execute`, address, "CREATE TEMPORARY TABLE t (a int)", []), 0n);
  const refused = (await component.call(`${name}query`, "postgres://ada@127.0.0.1:1", "SELECT 1", [])) as {
    readonly value: Value;
  };
  assert.equal(refused.value.tag, "connection-failed");
});

test("rows come as a stream to those who may wait", async () => {
  using component = allowed();
  const connection = await component.value(`${four}[static]connection.open-async`, address);
  const [columns, stream, end] = (await component.value(
    `${four}[method]connection.query-async`,
    connection,
    "SELECT generate_series(1, 3) AS n",
    [],
  )) as [unknown, AsyncIterable<readonly unknown[]>, { readonly future: Promise<unknown> }];
  assert.deepEqual(columns, [{ name: "n", "data-type": { tag: "int32" } }]);
  assert.deepEqual(
    (await Array.fromAsync(stream)).flat(),
    [1, 2, 3].map((value) => [{ tag: "int32", value }]),
  );
  assert.deepEqual(await end.future, { tag: "ok" });
  assert.equal(await component.value(`${four}[method]connection.execute-async`, connection, "SELECT 1", []), 1n);
});

test("who may not connect is told why", async () => {
  using component = allowed();
  const refused = async (text: string): Promise<Value> => {
    const answer = (await component.call(`${four}[static]connection.open`, text)) as { readonly value: Value };
    assert.equal(answer.value.tag, "connection-failed", text);
    return answer.value;
  };
  assert.match(
    String((await refused("postgres://ada@example.com/x")).value),
    /address .*example\.com.* is not permitted/,
  );
  assert.match(String((await refused(address.replace("secret", "wrong"))).value), /password authentication failed/);
  assert.match(String((await refused("host=/run/postgresql user=ada")).value), /Unix sockets/);
  await refused(`${address}&unknown=1`);
});

test("a password is taken from the address and from nowhere else", async () => {
  using component = allowed();
  const file = join(postgres.directory, "pgpass");
  writeFileSync(file, `*:*:*:*:${postgresUser.password}\n`, { mode: 0o600 });
  const given = { PGPASSWORD: postgresUser.password, PGPASSFILE: file, PGOPTIONS: "-c nonsense=1" };
  const before = { ...process.env };
  Object.assign(process.env, given);
  try {
    const without = address.replace(`:${postgresUser.password}`, "");
    const answer = (await component.call(`${four}[static]connection.open`, without)) as { readonly value: Value };
    assert.equal(answer.value.tag, "connection-failed");
    await opened(component);
  } finally {
    for (const name of Object.keys(given)) delete process.env[name];
    Object.assign(process.env, before);
  }
});

test("TLS is spoken where the address asks for it, with the authority that a builder was given", async () => {
  using component = allowed();
  const secure = address.replace("disable", "require");
  const untrusted = (await component.call(`${four}[static]connection.open`, secure)) as { readonly value: Value };
  assert.equal(untrusted.value.tag, "connection-failed");
  const builder = await component.call(`${four}[constructor]connection-builder`, secure);
  const certificate = readFileSync(join(postgres.directory, "server.crt"), "utf8");
  const nonsense = (await component.call(`${four}[method]connection-builder.set-ca-root`, builder, "x")) as {
    readonly value: Value;
  };
  assert.match(String(nonsense.value.value), /^invalid root certificate: /);
  await component.value(`${four}[method]connection-builder.set-ca-root`, builder, certificate);
  const connection = await component.value(`${four}[method]connection-builder.build`, builder);
  const { rows } = (await component.value(
    `${four}[method]connection.query`,
    connection,
    "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    [],
  )) as RowSet;
  assert.deepEqual(rows, [[{ tag: "boolean", value: true }]]);
});

test("a statement that never ends holds up no other connection, and ends with its instance", async () => {
  using component = allowed();
  const [waiting, other] = [await opened(component), await opened(component)];
  const left = waiting.failure("query", "SELECT pg_sleep(1000)");
  assert.equal((await other.query("SELECT 1")).rows.length, 1);
  component[Symbol.dispose]();
  assert.equal((await left).tag, "query-failed");
});

test("an answer that is larger than is taken ends its connection", async () => {
  using component = allowed();
  const { failure } = await opened(component);
  const { value } = await failure("query", "SELECT repeat('x', 1000000) FROM generate_series(1, 100)");
  assert.deepEqual(value, { tag: "text", value: "query result exceeds limit of 67108864 bytes" });
  assert.equal((await failure("query", "SELECT 1")).tag, "query-failed");
});

test("a server that speaks nonsense fails its connection and nothing else", async () => {
  const answers = [
    "\n",
    "R\0\0\0\0",
    "R\0\0\0\u0008\0\0\0\u0063",
    "D\0\0\0\u0006\u0001\u0001",
    "x".repeat(300),
    "\xff".repeat(9),
  ];
  for (const nonsense of answers) {
    const server = createServer((socket) => socket.end(nonsense, "latin1")).listen(0, "127.0.0.1");
    await once(server, "listening");
    // A listening server has an address with a port.
    const { port } = server.address() as AddressInfo;
    using component = new ComponentOfTest({ outbound: [`postgres://127.0.0.1:${port}`] });
    for (const mode of ["disable", "prefer"]) {
      const answer = (await component.call(
        `${four}[static]connection.open`,
        `postgres://ada@127.0.0.1:${port}/a?sslmode=${mode}`,
      )) as { readonly value: Value };
      assert.equal(answer.value.tag, "connection-failed", JSON.stringify(nonsense));
    }
    server.close();
  }
});
