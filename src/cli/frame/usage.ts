import type { Command } from "./command.ts";
import { globalOptions, type OptionSpec, type OptionSpecs } from "./parse-options.ts";

const SUMMARY_GAP = "  ";

/** The program that commands belong to, as its help names it. */
export interface Program {
  /** What is typed before a command's name. */
  readonly words: string;
  readonly summary: string;
  /** Options of all its commands. */
  readonly options: OptionSpecs;
}

export const kwasmProgram: Program = {
  words: "kwasm",
  summary: "KWasm runs WebAssembly from Kubernetes manifests on this machine",
  options: globalOptions,
};

/** The text of `kwasm help`. */
export function describeProgram({ words, summary, options }: Program, commands: readonly Command[]): string {
  const rows = commands
    .filter((command) => command.isHidden !== true)
    .map((command) => [command.name, command.summary] as const);
  return [
    summary,
    "",
    `Usage: ${words} ${"state" in options ? "[--state DIR] " : ""}COMMAND [OPTIONS] [OPERANDS]`,
    "",
    "Commands:",
    ...columns(rows),
    "",
    "Options:",
    ...optionRows(options),
    "",
    `'${words} COMMAND --help' tells more about a command`,
    "",
  ].join("\n");
}

/** The text of `kwasm COMMAND --help`. */
export function describeCommand({ words, options }: Program, command: Command): string {
  const operands = command.operands === "" ? "" : ` ${command.operands}`;
  return [
    `Usage: ${words} ${command.name} [OPTIONS]${operands}`,
    "",
    command.description.trim(),
    "",
    "Options:",
    ...optionRows({ ...command.options, ...options }),
    "",
  ].join("\n");
}

function optionRows(specs: OptionSpecs): string[] {
  return columns(Object.entries(specs).map(([name, spec]) => [describeOption(name, spec), spec.summary] as const));
}

function describeOption(name: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? "    " : `-${spec.short}, `;
  const value = spec.value === undefined ? "" : ` ${spec.value}`;
  return `${short}--${name}${value}${spec.isRepeatable === true ? "…" : ""}`;
}

function columns(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${SUMMARY_GAP}${left.padEnd(width)}${SUMMARY_GAP}${right}`);
}
