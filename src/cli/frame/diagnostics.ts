import { styleText } from "node:util";

import type { KwasmError } from "#base";

import type { Io } from "./io.ts";

type Severity = "error" | "warning";
const colors = { error: "red", warning: "yellow" } as const;

/** One problem on stderr, its first word coloured for people only. */
export function printDiagnostic(io: Io, severity: Severity, message: string): void {
  const label = isColored(io) ? styleText(["bold", colors[severity]], severity, { validateStream: false }) : severity;
  io.stderr.write(`${label}: ${message}\n`);
}

/** What is known of an error; one that nobody typed is a bug of ours, so its stack is shown too. */
export function printError(io: Io, error: KwasmError): void {
  printDiagnostic(io, "error", error.message);
  if (error.code !== "internal") return;
  const { stack } = error.cause instanceof Error ? error.cause : error;
  io.stderr.write(`This is a fault of kwasm itself; please report it with these lines:\n${stack ?? error.message}\n`);
}

/** https://no-color.org: any value but the empty one turns colours off. */
function isColored(io: Io): boolean {
  const isWanted = (io.env["NO_COLOR"] ?? "") === "" && io.env["TERM"] !== "dumb";
  return isWanted && io.stderr.isTTY === true;
}
