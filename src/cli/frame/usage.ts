import type { Command } from "./command.ts";
import { globalOptions, type OptionSpec, type OptionSpecs } from "./parse-options.ts";

const SUMMARY_GAP = "  ";

/** The text of `kwasm help`. */
export function describeProgram(commands: readonly Command[]): string {
  const rows = commands
    .filter((command) => command.isHidden !== true)
    .map(({ name, summary }) => [name, summary] as const);
  return [
    "KWasm runs WebAssembly from Kubernetes manifests on this machine",
    "",
    "Usage: kwasm [--state DIR] COMMAND [OPTIONS] [OPERANDS]",
    "",
    "Commands:",
    ...columns(rows),
    "",
    "Options:",
    ...optionRows(globalOptions),
    "",
    "'kwasm COMMAND --help' tells more about a command",
    "",
  ].join("\n");
}

/** The text of `kwasm COMMAND --help`. */
export function describeCommand(command: Command): string {
  const operands = command.operands === "" ? "" : ` ${command.operands}`;
  return [
    `Usage: kwasm ${command.name} [OPTIONS]${operands}`,
    "",
    command.description.trim(),
    "",
    "Options:",
    ...optionRows({ ...command.options, ...globalOptions }),
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
