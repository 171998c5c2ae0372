import { constants } from "node:os";

import { KwasmError } from "#base";
import type { KillSignal } from "#node";

/** SIGRTMAX of Linux. */
const SIGNAL_MAX = 64;
/** Signals that do nothing to a process that has not asked for them, which no guest can (signal(7)); 0 only looks. */
const ignored: ReadonlySet<number> = new Set([
  0,
  constants.signals.SIGCHLD,
  constants.signals.SIGCONT,
  constants.signals.SIGURG,
  constants.signals.SIGWINCH,
]);
const stopping: ReadonlySet<number> = new Set([
  constants.signals.SIGSTOP,
  constants.signals.SIGTSTP,
  constants.signals.SIGTTIN,
  constants.signals.SIGTTOU,
]);

/** How a guest is to be ended for a signal; undefined for one that ends nothing. */
export function endingSignal(signal: number): KillSignal | undefined {
  if (signal > SIGNAL_MAX) {
    throw new KwasmError("invalid-argument", `send signal "${String(signal)}": Linux has 64; send one of them`);
  }
  if (stopping.has(signal)) {
    throw new KwasmError(
      "unsupported",
      `send signal "${String(signal)}": a guest cannot be stopped; end it by SIGTERM`,
    );
  }
  if (ignored.has(signal)) return undefined;
  if (signal === constants.signals.SIGKILL) return "SIGKILL";
  return signal === constants.signals.SIGINT ? "SIGINT" : "SIGTERM";
}
