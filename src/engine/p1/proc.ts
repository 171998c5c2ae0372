import type { CallFamily, P1Context } from "./context.ts";
import { errno, type Errno, P1Error } from "./errno.ts";

/** `proc_exit`, `proc_raise`, `sched_yield`. */
export function procCalls({ hooks, interrupt, turn }: P1Context): CallFamily {
  return {
    plain: {
      proc_exit(code: number): never {
        throw hooks.onExit(code >>> 0);
      },
      proc_raise(signal: number): Errno {
        const effect = effectOf(signal);
        if (effect === "ignore") return errno.success;
        if (effect === "stop") return errno.notSupported;
        throw hooks.onExit(signalExitBase + effect);
      },
    },
    waiting: {
      async sched_yield(): Promise<undefined> {
        await turn.breathe(interrupt);
      },
    },
  };
}

/** A process ended by a signal has this exit code plus the signal's number on Linux, as shells and kubelet report it. */
const signalExitBase = 128;

/**
 * What a signal does where no handler can be set, by its number in `signal` of wasi_snapshot_preview1: its number on
 * Linux for those that end the process.
 */
const signalEffects: readonly (number | "ignore" | "stop")[] = [
  "ignore", // none: POSIX uses signal 0 to ask whether the process is there
  1, // hup
  2, // int
  3, // quit
  4, // ill
  5, // trap
  6, // abrt
  7, // bus
  8, // fpe
  9, // kill
  10, // usr1
  11, // segv
  12, // usr2
  13, // pipe
  14, // alrm
  15, // term
  "ignore", // chld
  "ignore", // cont
  "stop", // stop
  "stop", // tstp
  "stop", // ttin
  "stop", // ttou
  "ignore", // urg
  24, // xcpu
  25, // xfsz
  26, // vtalrm
  27, // prof
  "ignore", // winch
  29, // poll
  30, // pwr
  31, // sys
];

function effectOf(signal: number): number | "ignore" | "stop" {
  const effect = signalEffects[signal >>> 0];
  if (effect === undefined) throw new P1Error(errno.invalid, "raise a signal that does not exist");
  return effect;
}
