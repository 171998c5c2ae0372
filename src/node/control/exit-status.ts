import { constants } from "node:os";

import type { GuestOutcome } from "../channel/index.ts";
import type { ExitReason, ExitStatus, KillSignal } from "../workload.ts";
import type { ProcessEnd } from "./spawner.ts";

/** What a workload's exit will say, but for its times. */
export interface Verdict {
  readonly code: number;
  readonly reason: ExitReason;
  readonly message: string;
}

/** A shell's code for a process that aborted (128 + SIGABRT): what wasmtime and others give for a trap. */
const TRAP_CODE = 134;
/** 128 + SIGKILL: what the kernel's OOM killer leaves behind. */
const OUT_OF_MEMORY_CODE = 137;
/** "Found but cannot be run" of POSIX shells. */
const REFUSED_CODE = 126;

/** How a guest's own end reads in a container's status. */
export function verdictOfOutcome(outcome: GuestOutcome): Verdict {
  switch (outcome.kind) {
    case "exited":
      return { code: outcome.code, reason: outcome.code === 0 ? "Completed" : "Error", message: "" };
    case "trapped":
      return { code: TRAP_CODE, reason: "Error", message: outcome.message };
    case "out-of-memory":
      return { code: OUT_OF_MEMORY_CODE, reason: "OOMKilled", message: outcome.message };
    case "killed":
      return { code: codeOfSignal(outcome.signal), reason: "Error", message: "" };
    case "refused":
      return { code: REFUSED_CODE, reason: "StartError", message: outcome.message };
  }
}

/** How the end of a whole cell reads in the status of a guest that was in it. */
export function verdictOfCellEnd(end: ProcessEnd, group: string, why: string | undefined): Verdict {
  const code = end.signal === null ? (end.code ?? 1) : codeOfSignal(end.signal);
  const how = end.signal === null ? `with code ${String(end.code)}` : `by ${end.signal}`;
  const message = why ?? `the cell of group "${group}" ended ${how}`;
  // A cell that ends by itself with code 0 still took a running guest with it.
  return { code: code === 0 ? 1 : code, reason: "Error", message };
}

export function codeOfSignal(signal: string): number {
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return 128 + (numbers[signal] ?? constants.signals.SIGKILL);
}

/** A workload that was asked to end before it ran. */
export function verdictOfUnstarted(signal: KillSignal): Verdict {
  return { code: codeOfSignal(signal), reason: "Error", message: "it was ended before it started" };
}

/** What is said of a guest whose end nobody saw, in Kubernetes' words. */
export function unknownEnd(startedAtMs: number, finishedAtMs: number): ExitStatus {
  const message = "the control process ended while it ran";
  return { code: 137, reason: "ContainerStatusUnknown", message, startedAtMs, finishedAtMs };
}
