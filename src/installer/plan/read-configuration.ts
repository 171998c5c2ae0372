import { dirname, matchesGlob, posix } from "node:path";
import { parse, TomlError, type TomlTable } from "smol-toml";

import { KwasmError } from "#base";

import type { HostReader } from "../host/host.ts";
import { type ConfiguredHandler, handlersOfTable } from "../toml/handler-tables.ts";

/** Real configurations have some kilobytes. */
const CONFIGURATION_CHARS_MAX = 1024 * 1024;

/** Throws `failed-precondition` for what containerd could not read either. */
export function parseConfiguration(path: string, text: string): TomlTable {
  if (text.length > CONFIGURATION_CHARS_MAX) {
    throw new KwasmError("limit-exceeded", `read "${path}": it is larger than a configuration of containerd can be`);
  }
  try {
    return parse(text, { integersAsBigInt: "asNeeded" });
  } catch (error) {
    const reason = error instanceof TomlError ? error.message.split("\n")[0] : String(error);
    throw new KwasmError("failed-precondition", `read "${path}": ${String(reason)}; repair the file first`, {
      cause: error,
    });
  }
}

/** No `version` means the first (containerd's RELEASES.md, "Daemon Configuration"). */
export function versionOf(configuration: TomlTable): number {
  const { version } = configuration;
  return typeof version === "number" ? version : 1;
}

export function importsOf(configuration: TomlTable): readonly string[] | undefined {
  const { imports } = configuration;
  return Array.isArray(imports) ? imports.map(String) : undefined;
}

/** The folder of which an import names all `.toml` files. */
export function importedFolderOf(path: string, configuration: TomlTable): string | undefined {
  const folders = (importsOf(configuration) ?? []).flatMap((pattern) => {
    const absolute = posix.resolve(dirname(path), pattern);
    return posix.basename(absolute) === "*.toml" && !posix.dirname(absolute).includes("*")
      ? [posix.dirname(absolute)]
      : [];
  });
  return folders[0];
}

/** The files that a configuration imports, those of one level: nobody imports from drop-ins. */
export function importedFiles(host: HostReader, path: string, configuration: TomlTable): readonly string[] {
  return (importsOf(configuration) ?? []).flatMap((pattern) => {
    const absolute = posix.resolve(dirname(path), pattern);
    const folder = posix.dirname(absolute);
    const names = host.list(folder).filter((name) => matchesGlob(name, posix.basename(absolute)));
    return names.map((name) => posix.join(folder, name));
  });
}

/** The handlers of a drop-in of somebody else; one that cannot be read has none, and is said where all is checked. */
export function handlersOfDropIn(host: HostReader, path: string): readonly ConfiguredHandler[] {
  const text = host.readFile(path)?.content.toString();
  if (text === undefined) return [];
  return handlersOfTable(parseConfiguration(path, text));
}
