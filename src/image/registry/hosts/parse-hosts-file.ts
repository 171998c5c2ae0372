import { parse } from "smol-toml";
import { KwasmError } from "#base";
import type { Capability } from "./endpoint.ts";

/** A server of a hosts.toml, as containerd's documentation of registry hosts has it. */
export interface HostEntry {
  readonly url: string;
  readonly capabilities: readonly Capability[];
  /** Files of certificates, relative to the hosts.toml. */
  readonly ca: readonly string[];
  readonly isUnverified: boolean;
  /** The address is complete, without `/v2` after it. */
  readonly isWholePath: boolean;
}

export interface HostsFile {
  /** The registry itself, asked after all hosts; absent where the file leaves it to the name. */
  readonly server: HostEntry | undefined;
  readonly hosts: readonly HostEntry[];
}

const capabilities = ["pull", "resolve", "push"] as const;

/** What would change how a server is asked, and is not there: reading over it would send a request without it. */
const unsupportedKeys = ["client", "header"];

export function parseHostsFile(text: string, path: string): HostsFile {
  const document = parseToml(text, path);
  const hosts = recordOf(document["host"], `"host" of "${path}"`);
  const entries = Object.entries(hosts).map(([url, value]) => {
    const where = `"host.'${url}'" of "${path}"`;
    return readEntry(url, recordOf(value, where), where);
  });
  const server = document["server"];
  if (server !== undefined && typeof server !== "string") throw malformed(`"server" of "${path}"`, "a text");
  return { server: server === undefined ? undefined : readEntry(server, document, `"${path}"`), hosts: entries };
}

type Table = Readonly<Record<string, unknown>>;

function readEntry(url: string, table: Table, where: string): HostEntry {
  const unsupported = unsupportedKeys.find((key) => table[key] !== undefined);
  if (unsupported !== undefined) {
    throw new KwasmError("unsupported", `reading ${where}: "${unsupported}" is not supported; leave it out`);
  }
  const skipVerify = table["skip_verify"] ?? false;
  const overridePath = table["override_path"] ?? false;
  if (typeof skipVerify !== "boolean") throw malformed(`"skip_verify" of ${where}`, "true or false");
  if (typeof overridePath !== "boolean") throw malformed(`"override_path" of ${where}`, "true or false");
  return {
    url,
    capabilities: readCapabilities(table["capabilities"], where),
    ca: textsOf(table["ca"], `"ca" of ${where}`),
    isUnverified: skipVerify,
    isWholePath: overridePath,
  };
}

/** All, where none are named: containerd's default. */
function readCapabilities(value: unknown, where: string): readonly Capability[] {
  if (value === undefined) return capabilities;
  return textsOf(value, `"capabilities" of ${where}`).map((name) => {
    const known = capabilities.find((capability) => capability === name);
    if (known === undefined) throw malformed(`"capabilities" of ${where}`, 'a list of "pull", "resolve", "push"');
    return known;
  });
}

function parseToml(text: string, path: string): Table {
  try {
    return parse(text);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new KwasmError("invalid-argument", `reading "${path}": ${reason}`, { cause: error });
  }
}

function recordOf(value: unknown, where: string): Table {
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw malformed(where, "a table");
}

function textsOf(value: unknown, where: string): readonly string[] {
  if (value === undefined) return [];
  const list: unknown = typeof value === "string" ? [value] : value;
  if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  throw malformed(where, "a text or a list of texts");
}

function malformed(where: string, expected: string): KwasmError {
  return new KwasmError("invalid-argument", `reading ${where}: ${expected} was expected`);
}
