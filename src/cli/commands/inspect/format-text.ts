import type { Grant, ProgramDescription } from "#engine";

import type { Inspected } from "./inspected.ts";

/** Lines for a person; a list of nothing is left out. */
export function formatText({ name, digest, description }: Inspected): string {
  const { kind, role, startedBy, byteLength, producers, imports, exports } = description;
  const lines = [
    `Name:       ${name}`,
    `Digest:     ${digest}`,
    `Kind:       ${kind}, ${role}`,
    `Started by: ${startedBy}`,
    `Size:       ${byteLength} bytes`,
    ...section(
      "Producers",
      producers.map((producer) => [producer.field, `${producer.name} ${producer.version}`.trimEnd()]),
    ),
    ...section(
      "Imports",
      imports.map((entry) => [nameOf(entry), sayGrant(entry.grant)]),
    ),
    ...section(
      "Exports",
      exports.map((entry) => [nameOf(entry), ""]),
    ),
    ...witLines(description),
  ];
  return `${lines.join("\n")}\n`;
}

function nameOf({ kind, name, type }: ProgramDescription["exports"][number]): string {
  return `${kind} ${name}${type === undefined ? "" : ` ${type}`}`;
}

/** Column of a row's second text: wide enough for calls of WASI. */
const columnMax = 100;

function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  if (rows.length === 0) return [];
  const width = Math.min(columnMax, Math.max(...rows.map(([first]) => first.length)));
  return [`${title}:`, ...rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`.trimEnd())];
}

function sayGrant(grant: Grant): string {
  switch (grant.kind) {
    case "always":
      return "always there";
    case "by option":
      return `granted by ${grant.options.join(", ")}`;
    case "missing":
      return `missing${grant.provider === undefined ? "" : `: provided by ${grant.provider}`}`;
  }
}

function witLines({ wit }: ProgramDescription): string[] {
  if (wit === undefined) return [];
  const cut = wit.isWhole ? [] : ["// The rest is too long to be shown."];
  return ["WIT:", ...wit.text.trimEnd().split("\n"), ...cut];
}
