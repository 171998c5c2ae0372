import { accessSync, constants, writeFileSync } from "node:fs";

import { KwasmError } from "#base";

import { printDiagnostic } from "../../frame/diagnostics.ts";
import type { Io } from "../../frame/io.ts";

/** The default of a container's `terminationMessagePath`; kubelet makes the file, so it is there in a pod only. */
const TERMINATION_LOG = "/dev/termination-log";

/** Leaves a text where kubelet reads it when the container has ended. */
export function writeTerminationMessage(io: Io, text: string, path = TERMINATION_LOG): void {
  try {
    accessSync(path, constants.W_OK);
  } catch {
    // Not in a pod, or in one that may not write there; the last line of the output says the same.
    return;
  }
  try {
    writeFileSync(path, text);
  } catch (error) {
    printDiagnostic(io, "warning", KwasmError.from(error, `write "${path}"`).message);
  }
}
