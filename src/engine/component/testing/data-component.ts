import { primitive } from "./encode-component.ts";
import { httpComponent, type OtherInterface } from "./http-component.ts";
import { answerHelpers } from "./http-guests.ts";
import { InterfaceType } from "./interface-type.ts";

const string = primitive.string;

function variables(): OtherInterface {
  const type = new InterfaceType();
  const failure = type.variant("error", [
    ["invalid-name", string],
    ["undefined", string],
    ["provider", string],
    ["other", string],
  ]);
  type.func("get", [["name", string]], type.result(string, failure));
  return { name: "fermyon:spin/variables@2.0.0", type: type.bytes, functions: { get: "variable" } };
}

function redis(): OtherInterface {
  const type = new InterfaceType().resource("connection");
  const failure = type.variant("error", [
    ["invalid-address"],
    ["too-many-connections"],
    ["type-error"],
    ["other", string],
  ]);
  const bytes = type.list(primitive.u8);
  const self = ["self", type.borrow("connection")] as const;
  type.func("[static]connection.open", [["address", string]], type.result(type.own("connection"), failure));
  type.func("[method]connection.get", [self, ["key", string]], type.result(type.option(bytes), failure));
  type.func("[method]connection.set", [self, ["key", string], ["value", bytes]], type.result(undefined, failure));
  const functions = {
    "[static]connection.open": "redis-open",
    "[method]connection.get": "redis-get",
    "[method]connection.set": "redis-set",
  };
  return { name: "fermyon:spin/redis@2.0.0", type: type.bytes, functions };
}

/** `postgres` or `mysql`, which have the same types. */
function database(name: "postgres" | "mysql"): OtherInterface {
  const type = new InterfaceType().resource("connection");
  const failures = ["connection-failed", "bad-parameter", "query-failed", "value-conversion-failed", "other"] as const;
  const failure = type.variant(
    "error",
    failures.map((label) => [label, string] as const),
  );
  const kinds = ["boolean", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];
  const kind = type.enumeration("db-data-type", [...kinds, "floating32", "floating64", "str", "binary", "other"]);
  const { bool, s8, s16, s32, s64, u8, u16, u32, u64, f32, f64 } = primitive;
  const numbers = [bool, s8, s16, s32, s64, u8, u16, u32, u64, f32, f64];
  const names = [...kinds, "floating32", "floating64"];
  const bytes = type.list(u8);
  const cases = [
    ...numbers.map((payload, at) => [names[at] ?? "", payload] as const),
    ["str", string] as const,
    ["binary", bytes] as const,
    ["db-null"] as const,
  ];
  const value = type.variant("db-value", [...cases, ["unsupported"]]);
  const parameter = type.variant("parameter-value", cases);
  const column = type.record("column", [
    ["name", string],
    ["data-type", kind],
  ]);
  const rows = type.record("row-set", [
    ["columns", type.list(column)],
    ["rows", type.list(type.list(value))],
  ]);
  const self = ["self", type.borrow("connection")] as const;
  type.func("[static]connection.open", [["address", string]], type.result(type.own("connection"), failure));
  type.func(
    "[method]connection.query",
    [self, ["statement", string], ["params", type.list(parameter)]],
    type.result(rows, failure),
  );
  const functions = { "[static]connection.open": `${name}-open`, "[method]connection.query": `${name}-query` };
  return { name: `fermyon:spin/${name}@2.0.0`, type: type.bytes, functions };
}

function sqlite(): OtherInterface {
  const type = new InterfaceType().resource("connection");
  const failure = type.variant("error", [
    ["no-such-database"],
    ["access-denied"],
    ["invalid-connection"],
    ["database-full"],
    ["io", string],
  ]);
  const value = type.variant("value", [
    ["integer", primitive.s64],
    ["real", primitive.f64],
    ["text", string],
    ["blob", type.list(primitive.u8)],
    ["null"],
  ]);
  const row = type.record("row-result", [["values", type.list(value)]]);
  const rows = type.record("query-result", [
    ["columns", type.list(string)],
    ["rows", type.list(row)],
  ]);
  const self = ["self", type.borrow("connection")] as const;
  type.func("[static]connection.open", [["database", string]], type.result(type.own("connection"), failure));
  type.func(
    "[method]connection.execute",
    [self, ["statement", string], ["parameters", type.list(value)]],
    type.result(rows, failure),
  );
  const functions = { "[static]connection.open": "sqlite-open", "[method]connection.execute": "sqlite-execute" };
  return { name: "fermyon:spin/sqlite@2.0.0", type: type.bytes, functions };
}

/**
 * A component of Spin that answers by the letter after the slash with a text that it has been given: "r" by the Redis of
 * its variable `redis`, "p" by the PostgreSQL of its variable `postgres`, "m" by the MySQL of `mysql`, "s" by the database
 * `default`; by "q" and "x" it asks PostgreSQL and SQLite what they refuse. An error is answered as `!` and the number of its case.
 */
const guest = `
  (import "host" "variable" (func $variable (param i32 i32 i32)))
  (import "host" "redis-open" (func $redis_open (param i32 i32 i32)))
  (import "host" "redis-get" (func $redis_get (param i32 i32 i32 i32)))
  (import "host" "redis-set" (func $redis_set (param i32 i32 i32 i32 i32 i32)))
  (import "host" "postgres-open" (func $postgres_open (param i32 i32 i32)))
  (import "host" "postgres-query" (func $postgres_query (param i32 i32 i32 i32 i32 i32)))
  (import "host" "mysql-open" (func $mysql_open (param i32 i32 i32)))
  (import "host" "mysql-query" (func $mysql_query (param i32 i32 i32 i32 i32 i32)))
  (import "host" "sqlite-open" (func $sqlite_open (param i32 i32 i32)))
  (import "host" "sqlite-execute" (func $sqlite_execute (param i32 i32 i32 i32 i32 i32)))
  ${answerHelpers}
  (data (i32.const 1024) "redis")
  (data (i32.const 1032) "postgres")
  (data (i32.const 1040) "default")
  (data (i32.const 1056) "hello from redis")
  (data (i32.const 1072) "SELECT 'hello from SQL'")
  (data (i32.const 1104) "SELECT nonsense")
  (data (i32.const 1136) "mysql")
  (data (i32.const 1120) "ATTACH 'x' AS x")
  (func $check (param $out i32) (result i32)
    (if (i32.eqz (i32.load8_u (i32.const 64))) (then (return (i32.const 0))))
    (i32.store8 (i32.const 1200) (i32.const 33))
    (i32.store8 (i32.const 1201) (i32.add (i32.const 48) (i32.load8_u (i32.const 68))))
    (call $answer (local.get $out) (i32.const 500) (i32.const 1200) (i32.const 2))
    (i32.const 1))
  (func $redis (param $out i32)
    (local $connection i32)
    (call $variable (i32.const 1024) (i32.const 5) (i32.const 64))
    (call $redis_open (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i32.const 64))
    (if (call $check (local.get $out)) (then (return)))
    (local.set $connection (i32.load (i32.const 68)))
    (call $redis_set (local.get $connection) (i32.const 1024) (i32.const 5) (i32.const 1056) (i32.const 16) (i32.const 64))
    (if (call $check (local.get $out)) (then (return)))
    (call $redis_get (local.get $connection) (i32.const 1024) (i32.const 5) (i32.const 64))
    (if (call $check (local.get $out)) (then (return)))
    (call $answer (local.get $out) (i32.const 200) (i32.load (i32.const 72)) (i32.load (i32.const 76))))
  (func $first (param $out i32)
    (local $value i32)
    (if (call $check (local.get $out)) (then (return)))
    (local.set $value (i32.load (i32.load (i32.const 76))))
    (call $answer (local.get $out) (i32.const 200)
      (i32.load (i32.add (local.get $value) (i32.const 8))) (i32.load (i32.add (local.get $value) (i32.const 12)))))
  (func $postgres (param $out i32) (param $statement i32) (param $length i32)
    (call $variable (i32.const 1032) (i32.const 8) (i32.const 64))
    (call $postgres_open (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i32.const 64))
    (if (call $check (local.get $out)) (then (return)))
    (call $postgres_query (i32.load (i32.const 68)) (local.get $statement) (local.get $length)
      (i32.const 0) (i32.const 0) (i32.const 64))
    (call $first (local.get $out)))
  (func $mysql (param $out i32)
    (call $variable (i32.const 1136) (i32.const 5) (i32.const 64))
    (call $mysql_open (i32.load (i32.const 68)) (i32.load (i32.const 72)) (i32.const 64))
    (if (call $check (local.get $out)) (then (return)))
    (call $mysql_query (i32.load (i32.const 68)) (i32.const 1072) (i32.const 23) (i32.const 0) (i32.const 0) (i32.const 64))
    (call $first (local.get $out)))
  (func $sqlite (param $out i32) (param $statement i32) (param $length i32)
    (call $sqlite_open (i32.const 1040) (i32.const 7) (i32.const 64))
    (if (call $check (local.get $out)) (then (return)))
    (call $sqlite_execute (i32.load (i32.const 68)) (local.get $statement) (local.get $length)
      (i32.const 0) (i32.const 0) (i32.const 64))
    (call $first (local.get $out)))
  (func (export "handle") (param $request i32) (param $out i32)
    (local $letter i32)
    (call $path (local.get $request) (i32.const 64))
    (local.set $letter (i32.load8_u (i32.add (i32.load (i32.const 68)) (i32.const 1))))
    (if (i32.eq (local.get $letter) (i32.const 114)) (then (call $redis (local.get $out))))
    (if (i32.eq (local.get $letter) (i32.const 109)) (then (call $mysql (local.get $out))))
    (if (i32.eq (local.get $letter) (i32.const 112)) (then
      (call $postgres (local.get $out) (i32.const 1072) (i32.const 23))))
    (if (i32.eq (local.get $letter) (i32.const 113)) (then
      (call $postgres (local.get $out) (i32.const 1104) (i32.const 15))))
    (if (i32.eq (local.get $letter) (i32.const 115)) (then
      (call $sqlite (local.get $out) (i32.const 1072) (i32.const 23))))
    (if (i32.eq (local.get $letter) (i32.const 120)) (then
      (call $sqlite (local.get $out) (i32.const 1120) (i32.const 15)))))`;

export function dataComponent(): Uint8Array<ArrayBuffer> {
  return httpComponent(guest, "0.2.0", [variables(), redis(), database("postgres"), database("mysql"), sqlite()]);
}
