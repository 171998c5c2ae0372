import { join, resolve } from "node:path";

import { KwasmError } from "#base";

import type { Io } from "./io.ts";

/**
 * The option, else KWASM_STATE, else the place that the XDG base directory specification gives to state: below
 * XDG_STATE_HOME, which is `~/.local/state` where it is not set. Root has its own by the same rule.
 */
export function stateDirectoryOf(option: string | undefined, io: Pick<Io, "env" | "cwd">): string {
  const named = option ?? nonEmpty(io.env["KWASM_STATE"]);
  if (named !== undefined) return resolve(io.cwd, named);
  const stateHome = nonEmpty(io.env["XDG_STATE_HOME"]);
  if (stateHome !== undefined) return resolve(io.cwd, stateHome, "kwasm");
  const home = nonEmpty(io.env["HOME"]);
  if (home !== undefined) return join(resolve(io.cwd, home), ".local", "state", "kwasm");
  throw new KwasmError("failed-precondition", "choose a state directory: HOME is not set, give --state DIR");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
