import { primitive } from "../types/make-type.ts";
import type { FunctionType, ValueType } from "../types/types.ts";
import { enumeration, functionType, list, option, record, result, variant } from "./type-words.ts";

/** Where modules of the first Spin SDKs import an interface from, and functions that had another name. */
interface OldName {
  readonly interfaceName: string;
  readonly functions?: Readonly<Record<string, string>>;
}

/** By the names of modules: tests/wit of crates/componentize of Spin. */
const oldNames: Readonly<Record<string, OldName>> = {
  "spin-config": { interfaceName: "fermyon:spin/config" },
  "wasi-outbound-http": { interfaceName: "fermyon:spin/http", functions: { request: "send-request" } },
  "key-value": { interfaceName: "fermyon:spin/key-value" },
  "outbound-redis": { interfaceName: "fermyon:spin/redis" },
  "outbound-pg": { interfaceName: "fermyon:spin/postgres" },
  "outbound-mysql": { interfaceName: "fermyon:spin/mysql" },
  sqlite: { interfaceName: "fermyon:spin/sqlite" },
  llm: { interfaceName: "fermyon:spin/llm" },
};

/** What a name of old says today; undefined for every other. */
export function nameOfToday(
  module: string,
  name: string,
): { readonly module: string; readonly name: string } | undefined {
  const old = Object.hasOwn(oldNames, module) ? oldNames[module] : undefined;
  return old && { module: old.interfaceName, name: old.functions?.[name] ?? name };
}

type Functions = Readonly<Record<string, FunctionType>>;

const text = primitive("string");
const bytes = list(primitive("u8"));
const u32 = primitive("u32");
const s64 = primitive("s64");
const f32 = primitive("f32");

/** What those modules may import of Spin: wit/deps/spin@unversioned of Spin. */
export function oldInterfaces({ request, response }: Readonly<Record<"request" | "response", ValueType>>) {
  return {
    "fermyon:spin/config": configFunctions(),
    "fermyon:spin/http": { "send-request": functionType({ req: request }, result(response, httpError())) },
    "fermyon:spin/key-value": keyValueFunctions(),
    "fermyon:spin/redis": redisFunctions(),
    "fermyon:spin/postgres": databaseFunctions(),
    "fermyon:spin/mysql": databaseFunctions(),
    "fermyon:spin/sqlite": sqliteFunctions(),
    "fermyon:spin/llm": llmFunctions(),
  } satisfies Readonly<Record<string, Functions>>;
}

function httpError(): ValueType {
  const names = ["destination-not-allowed", "invalid-url", "request-error", "runtime-error", "too-many-requests"];
  return enumeration("success", ...names);
}

function configFunctions(): Functions {
  const error = variant({ provider: text, "invalid-key": text, "invalid-schema": text, other: text });
  return { "get-config": functionType({ key: text }, result(text, error)) };
}

function keyValueFunctions(): Functions {
  const plain = ["store-table-full", "no-such-store", "access-denied", "invalid-store", "no-such-key"];
  const error = variant({ ...Object.fromEntries(plain.map((name) => [name, undefined])), io: text });
  const at = { store: u32, key: text };
  return {
    open: functionType({ name: text }, result(u32, error)),
    get: functionType(at, result(bytes, error)),
    set: functionType({ ...at, value: bytes }, result(undefined, error)),
    delete: functionType(at, result(undefined, error)),
    exists: functionType(at, result(primitive("bool"), error)),
    "get-keys": functionType({ store: u32 }, result(list(text), error)),
    close: functionType({ store: u32 }),
  };
}

function redisFunctions(): Functions {
  const error = enumeration("success", "error");
  const parameter = variant({ int64: s64, binary: bytes });
  const answer = variant({ nil: undefined, status: text, int64: s64, binary: bytes });
  const at = { address: text, key: text };
  const values = { ...at, values: list(text) };
  return {
    publish: functionType({ address: text, channel: text, payload: bytes }, result(undefined, error)),
    get: functionType(at, result(bytes, error)),
    set: functionType({ ...at, value: bytes }, result(undefined, error)),
    incr: functionType(at, result(s64, error)),
    del: functionType({ address: text, keys: list(text) }, result(s64, error)),
    sadd: functionType(values, result(s64, error)),
    smembers: functionType(at, result(list(text), error)),
    srem: functionType(values, result(s64, error)),
    execute: functionType({ address: text, command: text, arguments: list(parameter) }, result(list(answer), error)),
  };
}

const numbers = {
  boolean: "bool",
  int8: "s8",
  int16: "s16",
  int32: "s32",
  int64: "s64",
  uint8: "u8",
  uint16: "u16",
  uint32: "u32",
  uint64: "u64",
  floating32: "f32",
  floating64: "f64",
} as const;

/** PostgreSQL's and MySQL's, which are the same. */
function databaseFunctions(): Functions {
  const failures = ["connection-failed", "bad-parameter", "query-failed", "value-conversion-failed", "other-error"];
  const error = variant({ success: undefined, ...Object.fromEntries(failures.map((name) => [name, text])) });
  const values = {
    ...Object.fromEntries(Object.entries(numbers).map(([name, type]) => [name, primitive(type)])),
    str: text,
    binary: bytes,
    "db-null": undefined,
  };
  const kind = enumeration(...Object.keys(numbers), "str", "binary", "other");
  const rows = record({
    columns: list(record({ name: text, "data-type": kind })),
    rows: list(list(variant({ ...values, unsupported: undefined }))),
  });
  const statement = { address: text, statement: text, params: list(variant(values)) };
  return {
    query: functionType(statement, result(rows, error)),
    execute: functionType(statement, result(primitive("u64"), error)),
  };
}

function sqliteFunctions(): Functions {
  const plain = ["no-such-database", "access-denied", "invalid-connection", "database-full"];
  const error = variant({ ...Object.fromEntries(plain.map((name) => [name, undefined])), io: text });
  const value = variant({ integer: s64, real: primitive("f64"), text, blob: bytes, null: undefined });
  const rows = record({ columns: list(text), rows: list(record({ values: list(value) })) });
  return {
    open: functionType({ database: text }, result(u32, error)),
    execute: functionType({ conn: u32, statement: text, parameters: list(value) }, result(rows, error)),
    close: functionType({ conn: u32 }),
  };
}

function llmFunctions(): Functions {
  const error = variant({ "model-not-supported": undefined, "runtime-error": text, "invalid-input": text });
  const parameters = record({
    "max-tokens": u32,
    "repeat-penalty": f32,
    "repeat-penalty-last-n-token-count": u32,
    temperature: f32,
    "top-k": u32,
    "top-p": f32,
  });
  const usage = record({ "prompt-token-count": u32, "generated-token-count": u32 });
  const embeddings = record({ embeddings: list(list(f32)), usage: record({ "prompt-token-count": u32 }) });
  return {
    infer: functionType(
      { model: text, prompt: text, params: option(parameters) },
      result(record({ text, usage }), error),
    ),
    "generate-embeddings": functionType({ model: text, text: list(text) }, result(embeddings, error)),
  };
}
