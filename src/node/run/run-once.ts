import { closeSync } from "node:fs";

import { KwasmError, silentLog } from "#base";

import type { GuestOutcome } from "../channel/index.ts";
import { Cell } from "../control/cell.ts";
import { codeOfSignal, verdictOfCellEnd, verdictOfOutcome } from "../control/exit-status.ts";
import { prepareHandover } from "../control/handover.ts";
import { type CellHost, localHost } from "../control/cell-host.ts";
import { openGuestSocket } from "../control/open-guest-socket.ts";
import type { ProcessEnd } from "../control/spawner.ts";
import { type BoundListener, openListener } from "../syscall/listener.ts";
import type { HttpSpec, KillSignal, ListenerSpec, StartOptions, WorkloadSpec } from "../workload.ts";

/** What `timeout` of the GNU coreutils exits with when time is up. */
const TIMED_OUT_CODE = 124;
/** How long a guest may take to end after it was told to, before its process is ended. */
const KILL_ANSWER_MS = 1_000;
/** The only guest of its cell. */
const GUEST = 1;

/** One guest in the foreground: its streams are those of the caller's process. */
export interface RunOnceOptions {
  readonly module: WorkloadSpec["module"];
  readonly args: WorkloadSpec["args"];
  readonly env: WorkloadSpec["env"];
  readonly mounts: WorkloadSpec["mounts"];
  readonly listeners: readonly ListenerSpec[];
  readonly network: NonNullable<WorkloadSpec["network"]>;
  readonly memoryBytesMax: number;
  readonly start?: StartOptions;
  readonly application?: NonNullable<WorkloadSpec["application"]>;
  readonly timeoutMs?: number;
  /** For a component that answers HTTP requests: it ends of its own will after a signal. */
  readonly http?: HttpSpec & { readonly drainMsMax: number };
  /** Called once the guest's sockets listen, with the ports that they got. */
  readonly onListening?: (listeners: readonly ListenerSpec[]) => void;
}

export interface RunOnceResult {
  readonly code: number;
  /** Why it did not end of its own will; empty where it did. */
  readonly message: string;
}

/** A guest under way. */
export interface ForegroundGuest {
  readonly ended: Promise<RunOnceResult>;
  /** Ends the guest; its result's code is 128 + the signal's number. */
  kill(signal: KillSignal): void;
}

/**
 * Runs one guest in a cell of its own, as unprivileged as any other guest of this machine. Throws a typed error where
 * it cannot be started; how it ends is a result.
 */
export async function runOnce(options: RunOnceOptions): Promise<ForegroundGuest> {
  const listeners: BoundListener[] = [];
  const host = localHost();
  try {
    for (const listener of options.listeners) listeners.push(openListener(listener));
    const outcome = Promise.withResolvers<GuestOutcome>();
    const cell = await Cell.start({
      group: "run",
      host,
      log: silentLog,
      errorFd: 2,
      onSocketWanted: (_cell, _guest, order) => openGuestSocket(order, { grant: options.network }),
      onGuestEnded: (_cell, _guest, how) => outcome.resolve(how),
    });
    const foreground = new Foreground(cell, outcome.promise, options);
    void closeAfter(foreground.ended, host);
    await handOver(cell, options, listeners);
    options.onListening?.(listeners.map(({ address, port }) => ({ address, port })));
    return foreground;
  } catch (error) {
    await host.close();
    throw error;
  } finally {
    for (const { fd } of listeners) closeSync(fd);
  }
}

async function closeAfter(ended: Promise<unknown>, host: CellHost): Promise<void> {
  await ended;
  await host.close();
}

async function handOver(cell: Cell, options: RunOnceOptions, listeners: readonly BoundListener[]): Promise<void> {
  const spec: WorkloadSpec = { ...options, id: "run", sandboxId: "run", output: { kind: "discard" } };
  const streams = { stdinFd: 0, stdoutFd: 1, stderrFd: 2 };
  const handover = prepareHandover(GUEST, spec, listeners, streams);
  try {
    await cell.request({ call: "start", guest: handover.order }, handover.descriptors);
  } catch (error) {
    // The cell may end before it has answered, when the guest is short; its outcome says what happened.
    if (KwasmError.from(error, "start the guest").code !== "unavailable") throw error;
  } finally {
    handover.close();
  }
}

class Foreground implements ForegroundGuest {
  readonly ended: Promise<RunOnceResult>;
  readonly #cell: Cell;
  readonly #drainMsMax: number | undefined;
  #forced: RunOnceResult | undefined;
  #timers: NodeJS.Timeout[] = [];

  constructor(cell: Cell, outcome: Promise<GuestOutcome>, { timeoutMs, http }: RunOnceOptions) {
    this.#cell = cell;
    this.#drainMsMax = http?.drainMsMax;
    this.ended = this.#end(outcome);
    if (timeoutMs !== undefined) this.#timers.push(setTimeout(() => this.#timeOut(timeoutMs), timeoutMs));
  }

  kill(signal: KillSignal): void {
    if (this.#drainMsMax === undefined) this.#force({ code: codeOfSignal(signal), message: "" }, signal);
    else this.#tell("SIGTERM", this.#drainMsMax + KILL_ANSWER_MS);
  }

  #timeOut(timeoutMs: number): void {
    this.#force(
      { code: TIMED_OUT_CODE, message: `ended: it ran for longer than ${String(timeoutMs / 1000)} s` },
      "SIGTERM",
    );
  }

  #force(result: RunOnceResult, signal: KillSignal): void {
    this.#forced ??= result;
    this.#tell(signal, KILL_ANSWER_MS);
  }

  #tell(signal: KillSignal, answerMs: number): void {
    this.#timers.push(setTimeout(() => this.#cell.kill("SIGKILL"), answerMs));
    this.#cell.request({ call: "kill", guest: GUEST, signal }).catch((error: unknown) => {
      // A cell that is gone has ended its guest, and one that cannot answer is ended by the timer.
      if (KwasmError.from(error, "end the guest").code !== "unavailable") this.#cell.kill("SIGKILL");
    });
  }

  async #end(outcome: Promise<GuestOutcome>): Promise<RunOnceResult> {
    const first = await Promise.race([outcome, this.#cell.ended]);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#cell.kill("SIGKILL");
    await this.#cell.ended;
    return this.#forced ?? resultOf(first);
  }
}

function resultOf(end: GuestOutcome | ProcessEnd): RunOnceResult {
  const { code, message } = "kind" in end ? verdictOfOutcome(end) : verdictOfCellEnd(end, "run", undefined);
  return { code, message };
}
