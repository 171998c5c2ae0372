import { readFile, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { KwasmError } from "#base";
import { spinLimits } from "../limits.ts";
import { redisPlaceOf } from "../outbound/redis-place.ts";
import { parseToml } from "../parse-toml.ts";
import type { KeyValueStoreSpec, SqliteDatabaseSpec } from "../plan/application-spec.ts";
import { shown, Table } from "../table.ts";
import type { VariableProvider } from "../variables/resolve-variables.ts";
import type { RuntimeConfig } from "./runtime-config.ts";

/**
 * Where paths begin: those of key-value stores beside the file, others where the command is run, as Spin has it. Undefined in a
 * container, which has no paths of this machine.
 */
type Places = { readonly directory: string; readonly workingDirectory: string } | undefined;

/** Fields of Spin's that say what is not done here, with what to do instead. */
const unsupportedFields: Readonly<Record<string, string>> = {
  log_dir: "components' output is written to standard output and standard error; leave it out",
  max_instance_memory: 'leave it out and limit memory by "--memory"',
  llm_compute: "there are no models; leave it out",
  outbound_networking: "leave it out",
  outbound_http: "leave it out",
  outbound_redis: "leave it out",
  outbound_pg: "leave it out",
  outbound_mysql: "leave it out",
  outbound_mqtt: "leave it out",
  client_tls: "leave it out",
};

/** Reads the file. Throws as `parseRuntimeConfig`, and `not-found`. */
export async function readRuntimeConfig(path: string, workingDirectory: string): Promise<RuntimeConfig> {
  const file = resolve(workingDirectory, path);
  const text = await readConfigText(file);
  return parseRuntimeConfig(text, basename(path), { directory: dirname(file), workingDirectory });
}

/** Throws `not-found`, and `limit-exceeded` before anything is read. */
export async function readConfigText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    // A character has up to four bytes; the parser counts characters.
    if (size <= spinLimits.manifestLengthMax * 4) return await readFile(file, "utf8");
  } catch (error) {
    throw KwasmError.from(error, `read the runtime configuration "${file}"`);
  }
  throw new KwasmError("limit-exceeded", `read the runtime configuration "${file}": it is too large for one`);
}

/**
 * Reads `runtime-config.toml` (crates/runtime-config of Spin); `name` is what messages call it. Throws `invalid-argument`
 * that names the field, `limit-exceeded`, and `unsupported` for what is not done here.
 */
export function parseRuntimeConfig(text: string, name: string, places: Places): RuntimeConfig {
  const table = new Table(parseToml(text, name), `"${name}"`);
  for (const [field, advice] of Object.entries(unsupportedFields)) {
    if (table.has(field)) throw unsupported(table.place(field), advice);
  }
  const keyValueStores = labelled(table, "key_value_store", (store) => readKeyValueStore(store, places));
  const config = {
    ...readStateDirectory(table, places),
    providers: [...readProviders(table, "variables_provider"), ...readProviders(table, "config_provider")],
    keyValueStores,
    sqliteDatabases: labelled(table, "sqlite_database", (database) => readDatabase(database, places)),
    outbound: [...keyValueStores.values()].flatMap(outboundOf),
  };
  table.refuseOthers();
  return config;
}

function labelled<Spec>(table: Table, field: string, read: (store: Table) => Spec): ReadonlyMap<string, Spec> {
  const stores = table.table(field);
  const entries = stores?.entries() ?? [];
  return new Map(entries.map(([label, value]) => [label, read(new Table(value, `"${field}.${shown(label)}"`))]));
}

/** Nothing is kept where it is empty. */
function readStateDirectory(table: Table, places: Places): Pick<RuntimeConfig, "stateDirectory"> {
  if (table.text("state_dir") === "") return { stateDirectory: "" };
  const path = readPath(table, "state_dir", places?.workingDirectory);
  return path === undefined ? {} : { stateDirectory: path };
}

/** Absolute, where there is one. */
function readPath(table: Table, field: string, directory: string | undefined): string | undefined {
  const path = table.text(field);
  if (path === undefined) return undefined;
  if (directory === undefined) throw unsupported(table.place(field), "a container has no such files; leave it out");
  return resolve(directory, path);
}

function readKeyValueStore(store: Table, places: Places): KeyValueStoreSpec {
  const type = store.requiredText("type");
  if (type === "spin") {
    const path = readPath(store, "path", places?.directory);
    store.refuseOthers();
    return path === undefined ? { kind: "file" } : { kind: "file", path };
  }
  if (type !== "redis") throw unsupported(store.place("type"), `"${shown(type)}" is not there; use "spin" or "redis"`);
  const url = store.requiredText("url");
  store.refuseOthers();
  if (redisPlaceOf(url) === undefined) throw store.refuse("url", "an address of Redis, as redis://HOST:PORT");
  return { kind: "redis", url };
}

function readDatabase(database: Table, places: Places): SqliteDatabaseSpec {
  const type = database.requiredText("type");
  if (type !== "spin") throw unsupported(database.place("type"), `"${shown(type)}" is not there; use "spin"`);
  const path = readPath(database, "path", places?.workingDirectory);
  if (database.flag("allow_attach_file")) {
    throw unsupported(database.place("allow_attach_file"), "files are never attached; leave it out");
  }
  database.refuseOthers();
  return path === undefined ? {} : { path };
}

function readProviders(table: Table, field: string): readonly VariableProvider[] {
  return table.list(field).map((value) => readProvider(new Table(value, table.place(field))));
}

function readProvider(provider: Table): VariableProvider {
  const type = provider.requiredText("type");
  switch (type) {
    case "static": {
      const values = new Map(provider.pairs("values"));
      provider.refuseOthers();
      return { kind: "static", values };
    }
    case "env": {
      const prefix = provider.text("prefix") ?? "SPIN_VARIABLE";
      if (provider.has("dotenv_path")) {
        throw unsupported(provider.place("dotenv_path"), "set the variables in the environment instead");
      }
      provider.refuseOthers();
      return { kind: "env", prefix };
    }
    default:
      throw unsupported(provider.place("type"), `"${shown(type)}" is not asked here; use "static" or "env"`);
  }
}

function outboundOf(store: KeyValueStoreSpec): readonly string[] {
  const place = store.kind === "redis" ? redisPlaceOf(store.url) : undefined;
  return place === undefined ? [] : [place];
}

function unsupported(place: string, advice: string): KwasmError {
  return new KwasmError("unsupported", `read ${place}: ${advice}`);
}
