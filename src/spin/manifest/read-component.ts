import { isAbsolute } from "node:path";
import type { SpinBuild, SpinComponent, SpinContent, SpinFiles } from "../application.ts";
import { checkIdentifier } from "../identifiers.ts";
import { spinLimits } from "../limits.ts";
import { outboundHostsOfHttpHosts } from "../outbound/outbound-hosts.ts";
import { Table } from "../table.ts";
import { readDependencies } from "./read-dependencies.ts";

/** `[component.ID]`, or `[[component]]` of version 1, which calls its variables `config`. */
export function readComponent(id: string, table: Table, version: "1" | "2"): SpinComponent {
  const variables = table.pairs(version === "1" ? "config" : "variables");
  for (const [name] of variables) checkIdentifier(name, "variable", table.place(name));
  const build = readBuild(table);
  const read: SpinComponent = {
    id,
    description: table.text("description") ?? "",
    source: readSource(table, version),
    environment: table.pairs("environment"),
    files: table.list("files").map((value) => readFiles(value, table.place("files"))),
    excludeFiles: table.texts("exclude_files"),
    allowedOutboundHosts: [
      ...table.texts("allowed_outbound_hosts"),
      ...outboundHostsOfHttpHosts(table.texts("allowed_http_hosts")),
    ],
    keyValueStores: readLabels(table, "key_value_stores"),
    sqliteDatabases: readLabels(table, "sqlite_databases"),
    aiModels: table.texts("ai_models"),
    variables,
    dependencies: readDependencies(table),
    ...(build === undefined ? {} : { build }),
  };
  table.ignore("tool", "targets", "profile");
  table.refuseOthers();
  return read;
}

/** `command` is one or several; what `spin watch` looks at is nothing to us. */
function readBuild(component: Table): SpinBuild | undefined {
  const table = component.table("build");
  if (table === undefined) return undefined;
  const commands = Array.isArray(table.any("command")) ? table.texts("command") : [table.requiredText("command")];
  const workdir = table.text("workdir") ?? ".";
  if (isAbsolute(workdir)) throw table.refuse("workdir", "relative to the manifest");
  table.ignore("watch");
  table.refuseOthers();
  return { commands, workdir };
}

/** A path, `{ url, digest }` or `{ registry, package, version }`; version 1 wrote `{ path }` too. */
function readSource(table: Table, version: "1" | "2"): SpinContent {
  const value = table.any("source");
  if (typeof value !== "object" || value === null) return { kind: "path", path: table.requiredText("source") };
  const source = new Table(value, table.place("source"));
  const read = readSourceTable(source, version);
  source.refuseOthers();
  return read;
}

function readSourceTable(source: Table, version: "1" | "2"): SpinContent {
  if (source.has("url")) {
    return { kind: "url", url: source.requiredText("url"), digest: source.requiredText("digest") };
  }
  if (version === "1" && source.has("path")) return { kind: "path", path: source.requiredText("path") };
  return {
    kind: "registry",
    registry: source.text("registry") ?? "",
    package: source.requiredText("package", spinLimits.nameLengthMax),
    version: source.requiredText("version", spinLimits.nameLengthMax),
  };
}

function readFiles(value: unknown, where: string): SpinFiles {
  if (typeof value === "string") {
    return { kind: "pattern", pattern: new Table({ pattern: value }, where).requiredText("pattern") };
  }
  const table = new Table(value, where);
  const read = {
    kind: "directory",
    source: table.requiredText("source"),
    destination: table.requiredText("destination"),
  } as const;
  table.refuseOthers();
  return read;
}

function readLabels(table: Table, key: string): readonly string[] {
  return table.texts(key).map((label) => checkIdentifier(label, "label", table.place(key)));
}
