import { isDeepStrictEqual } from "node:util";
import type { TomlTable } from "smol-toml";

import { KwasmError } from "#base";

import type { ConfigurationPlace } from "../presets/preset.ts";
import { type CriTable, handlersOfTable } from "../toml/handler-tables.ts";
import { hasLine, putBlock, putFirstLine, takeOutBlock, takeOutLine } from "../toml/own-block.ts";
import { baseOf, editAdoptedDropIns, editDropIn, editText, withoutAdopted } from "./edits.ts";
import { criTableOf, formatHandlers, isAdopted, type OwnHandler } from "./handlers.ts";
import { keepOthers } from "./keep-others.ts";
import type { ConfigurationPlan, FileEdit, PlanInputs } from "./plan.ts";
import {
  handlersOfDropIn,
  importedFiles,
  importedFolderOf,
  importsOf,
  parseConfiguration,
  versionOf,
} from "./read-configuration.ts";

type FilePlace = Extract<ConfigurationPlace, { kind: "file" }>;

/** The node's file as it is without ours. */
interface Base {
  readonly path: string;
  /** With ours. */
  readonly current: string;
  readonly text: string;
  readonly configuration: TomlTable;
  readonly version: number;
}

export function planFile(inputs: PlanInputs, place: FilePlace): ConfigurationPlan {
  const base = readBase(inputs, place.path);
  refuseDisabledCri(base);
  const folder = dropInFolder(inputs, place, base);
  const own = folder === undefined ? undefined : `${folder}/kwasm.toml`;
  const imported = importedFiles(inputs.host, base.path, base.configuration).filter((path) => path !== own);
  const others = [
    ...handlersOfTable(base.configuration),
    ...imported.flatMap((path) => handlersOfDropIn(inputs.host, path)),
  ].filter((handler) => !isAdopted(handler));
  const { handlers, kept } = keepOthers(inputs.handlers, others, `"${base.path}" has it already`);
  const table = criTableOf(base.version, inputs.containerdMajor);
  const tables = formatHandlers(table, handlers);
  const main = own === undefined ? editInPlace(inputs, base, { table, tables, handlers }) : editMain(inputs, base, own);
  const dropIns = own === undefined ? [] : [editDropIn(inputs, own, base.version, tables)];
  const adopted = folder === undefined ? [] : editAdoptedDropIns(inputs, folder, own ?? "");
  const isMainAdopted = withoutAdopted(base.current) !== base.current;
  return {
    edits: [...adopted, ...dropIns, ...main],
    handlers,
    kept,
    adopted: [...adopted.map(({ path }) => path), ...(isMainAdopted ? [base.path] : [])],
    check: { kind: "file", path: base.path },
  };
}

/** Where there is no file, one with nothing but its schema means the same to containerd. */
function readBase({ host, containerdMajor }: PlanInputs, path: string): Base {
  const file = host.readFile(path);
  const current = file?.content.toString() ?? `version = ${containerdMajor >= 2 ? "3" : "2"}\n`;
  const text = baseOf(current);
  const configuration = parseConfiguration(path, text);
  return { path, current, text, configuration, version: versionOf(configuration) };
}

/** As Docker's own package of containerd ships it; what kubelet uses then is another runtime. */
function refuseDisabledCri({ path, configuration }: Base): void {
  const disabled = configuration["disabled_plugins"];
  const names = Array.isArray(disabled) ? disabled.map(String) : [];
  if (!names.some((name) => name === "cri" || name === "io.containerd.grpc.v1.cri")) return;
  throw new KwasmError(
    "failed-precondition",
    `configure "${path}": its "disabled_plugins" switch CRI off, so kubelet does not use this containerd; ` +
      'take "cri" out of it first',
  );
}

/**
 * containerd 2 merges drop-ins; 1.x replaces a whole plugin's table by an import's (containerd #5837). A list of imports
 * that names no folder is left alone, and the file is changed in place.
 */
function dropInFolder({ containerdMajor }: PlanInputs, { dropIns }: FilePlace, base: Base): string | undefined {
  if (containerdMajor < 2 || base.version < 2 || dropIns === undefined) return undefined;
  if (importsOf(base.configuration) === undefined) return dropIns;
  return importedFolderOf(base.path, base.configuration);
}

/** The pattern matches our file alone, so that nothing comes to life that lay there unread, and none has to be there. */
function editMain(inputs: PlanInputs, { path, current, configuration }: Base, own: string): readonly FileEdit[] {
  const text = takeOutBlock(withoutAdopted(current));
  if (importsOf(configuration) !== undefined) return editText(inputs, path, takeOutLine(text));
  const pattern = own.replace(/\.toml$/u, "*.toml");
  const after = hasLine(text) ? text : putFirstLine(text, `imports = [${JSON.stringify(pattern)}]`);
  return editText(inputs, path, after);
}

interface InPlace {
  readonly table: CriTable;
  readonly tables: string;
  readonly handlers: readonly OwnHandler[];
}

function editInPlace(inputs: PlanInputs, base: Base, { table, tables, handlers }: InPlace): readonly FileEdit[] {
  const after = putBlock(takeOutLine(withoutAdopted(base.current)), tables);
  const configuration = parseAfter(base.path, after);
  const added = handlersOfTable(configuration).filter(({ name }) => handlers.some((handler) => handler.name === name));
  removeHandlers(configuration, table, handlers);
  const isSame = isDeepStrictEqual(withoutEmpty(configuration), withoutEmpty(parseConfiguration(base.path, base.text)));
  if (added.length === handlers.length && isSame) return editText(inputs, base.path, after);
  throw new KwasmError(
    "failed-precondition",
    `add handlers to "${base.path}": its other settings would not stay the same; write its tables of runtimes with headers`,
  );
}

function parseAfter(path: string, text: string): TomlTable {
  try {
    return parseConfiguration(path, text);
  } catch (error) {
    const reason = "its runtimes are written as values of a key; write them as tables with headers";
    throw new KwasmError("failed-precondition", `add handlers to "${path}": ${reason}`, { cause: error });
  }
}

function removeHandlers(configuration: TomlTable, table: CriTable, handlers: readonly OwnHandler[]): void {
  let current: unknown = configuration;
  for (const key of ["plugins", table, "containerd", "runtimes"]) {
    current = typeof current === "object" && current !== null ? Reflect.get(current, key) : undefined;
  }
  if (typeof current !== "object" || current === null) return;
  for (const { name } of handlers) Reflect.deleteProperty(current, name);
}

/** Headers make tables of all that they name, and an empty table says nothing. */
function withoutEmpty(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutEmpty(inner)] as const);
  const kept = entries.filter(([, inner]) => inner !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
