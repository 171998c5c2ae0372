import { parse, type TomlTable } from "smol-toml";

import { scanTables, type TableRange } from "./scan-tables.ts";

/** The tables of plugins that have CRI's runtimes, by the schema of the file: version 1, 2, and 3 and later. */
export const criTables = ["cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"] as const;
export type CriTable = (typeof criTables)[number];

/** A handler of RuntimeClasses as a configuration names it. */
export interface ConfiguredHandler {
  readonly name: string;
  /** Empty where the file does not say it. */
  readonly runtimeType: string;
}

/** The handlers of a parsed configuration, whatever schema it is written in. */
export function handlersOfTable(configuration: TomlTable): readonly ConfiguredHandler[] {
  return criTables.flatMap((table) => {
    const runtimes = tableAt(configuration, ["plugins", table, "containerd", "runtimes"]);
    return Object.entries(runtimes ?? {}).map(([name, runtime]) => ({ name, runtimeType: runtimeTypeOf(runtime) }));
  });
}

/**
 * The handlers of a text that need not be TOML as a whole. They are found by their headers, as every installer and
 * every distribution writes them.
 */
export function handlersOfText(text: string): readonly (ConfiguredHandler & { readonly range: TableRange })[] {
  return scanTables(text).flatMap((range) => {
    const [plugins, table, containerd, runtimes, name, ...rest] = range.path;
    const isHandler =
      plugins === "plugins" &&
      criTables.some((known) => known === table) &&
      containerd === "containerd" &&
      runtimes === "runtimes" &&
      name !== undefined &&
      rest.length === 0;
    return isHandler ? [{ name, runtimeType: runtimeTypeOfRange(text, range), range }] : [];
  });
}

/** Takes out the tables of handlers with the tables below them, and a blank line before each. */
export function takeOutHandlers(text: string, isWanted: (handler: ConfiguredHandler) => boolean): string {
  const wanted = handlersOfText(text).filter(isWanted);
  let rest = text;
  for (;;) {
    // Each removal moves what follows and takes lines before it, so the text is looked at anew.
    const range = scanTables(rest).find(({ path }) =>
      wanted.some((handler) => handler.range.path.every((key, index) => path[index] === key)),
    );
    if (range === undefined) return rest;
    rest = takeOutRange(rest, range);
  }
}

/** Comments behind a table's last key belong to what follows it; one that names the table goes with it. */
function takeOutRange(text: string, { start, end }: TableRange): string {
  const lines = text.slice(start, end).split(/(?<=\n)/u);
  const last = lines.findLastIndex((line) => !/^\s*(?:#.*)?\s*$/u.test(line));
  const rest = lines.slice(last + 1).join("");
  const before = text.slice(0, start).replace(/(^|\n)# RCM runtime config for [^\n]*\n$/u, "$1");
  return before.replace(/\n[ \t]*\n$/u, "\n") + rest + text.slice(end);
}

function runtimeTypeOfRange(text: string, { start, end }: TableRange): string {
  try {
    const header = text.slice(start, end).indexOf("\n");
    return runtimeTypeOf(parse(header < 0 ? "" : text.slice(start + header, end)));
  } catch {
    // Lines of a template: what it becomes is not known.
    return "";
  }
}

function runtimeTypeOf(runtime: unknown): string {
  const type: unknown = typeof runtime === "object" && runtime !== null ? Reflect.get(runtime, "runtime_type") : "";
  return typeof type === "string" ? type : "";
}

export function tableAt(table: TomlTable, path: readonly string[]): TomlTable | undefined {
  let current: unknown = table;
  for (const key of path) {
    if (!isTable(current)) return undefined;
    current = current[key];
  }
  return isTable(current) ? current : undefined;
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
