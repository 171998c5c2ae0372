import type { Socket } from "node:net";

import type { Clock, Log } from "#base";

import { Spawner } from "../control/spawner.ts";
import { ControlProcess } from "./control-process.ts";
import { Holdings } from "./holdings.ts";

/** A control that has not become ready after this never will. */
const READY_MS_MAX = 30_000;
/** Between attempts to start a control that ends before it is ready. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;
/** How often control is asked whether it answers, and how long the answer may take. */
const ASK_EVERY_MS = 250;
const ANSWER_MS_MAX = 1_500;
/** How long control may take to end everything in order when the keeper is told to end. */
const CLOSE_MS_MAX = 10_000;

export interface SupervisorOptions {
  /** The command that starts control, asked for at each start: an upgrade changes it. */
  readonly command: () => readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** A control takes calls over this connection from now on. */
  readonly onServing: (calls: Socket, pid: number) => void;
  /** The control has ended; calls wait for the next one. */
  readonly onLost: (how: "crashed" | "killed") => void;
  /** Asks the control that serves; resolves with its answer. */
  readonly ping: () => Promise<void>;
}

/**
 * Keeps a control process running: starts the next one when it ends, and ends one that does not answer. Cells are this
 * process's children, and what control wants to outlive it is held here. It does as little as possible itself, since its
 * own end is the end of every guest.
 */
export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #holdings = new Holdings(new Spawner());
  readonly #closing = new AbortController();
  readonly #served = Promise.withResolvers<void>();
  readonly #stopped: Promise<void>;
  #control: ControlProcess | undefined;
  /** The command of the last control that served. */
  #goodCommand: readonly string[] | undefined;
  #failures = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#stopped = this.#run();
  }

  /** Resolves when the first control serves. */
  get serving(): Promise<void> {
    return this.#served.promise;
  }

  /** Replaces control by a new one of the command of now: nothing that it holds is lost. */
  replace(): void {
    this.#control?.kill("SIGKILL");
  }

  /** Ends control in order, and with it everything. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
      this.#control?.kill("SIGTERM");
      const timer = setTimeout(() => this.#control?.kill("SIGKILL"), CLOSE_MS_MAX);
      await this.#stopped;
      clearTimeout(timer);
      await this.#holdings.close();
    }
    await this.#stopped;
  }

  async #run(): Promise<void> {
    let retryMs = RETRY_MS_MIN;
    while (!this.#closing.signal.aborted) {
      const wasReady = await this.#tryOne();
      if (this.#closing.signal.aborted) return;
      this.#failures = wasReady ? 0 : this.#failures + 1;
      if (wasReady) {
        retryMs = RETRY_MS_MIN;
      } else {
        await this.#pause(retryMs);
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      }
    }
  }

  /** What keeps a control from being started, such as a lack of descriptors, may pass; the cells are still there. */
  async #tryOne(): Promise<boolean> {
    try {
      return await this.#runOne();
    } catch (error) {
      this.#options.log.error("control was not started", { reason: String(error) });
      return false;
    }
  }

  /** One life of control, from its start to its end; says whether it ever served. */
  async #runOne(): Promise<boolean> {
    const { log, onServing, onLost } = this.#options;
    const isFirst = this.#goodCommand === undefined;
    const argv = this.#chooseCommand();
    using control = new ControlProcess({ argv, holdings: this.#holdings, isFirst, log });
    this.#control = control;
    const timer = setTimeout(() => control.kill("SIGKILL"), READY_MS_MAX);
    const isReady = await Promise.race([control.ready.then(() => true), control.ended.then(() => false)]);
    clearTimeout(timer);
    let how: string;
    if (isReady) {
      log.info("control serves", { pid: control.pid });
      onServing(control.calls, control.pid);
      this.#goodCommand = argv;
      this.#served.resolve();
      const watch = this.#watch(control);
      how = await control.ended;
      clearInterval(watch);
      log.info("control ended", { pid: control.pid, how });
    } else {
      how = await control.ended;
      log.error("control ended before it served", { pid: control.pid, how });
    }
    this.#control = undefined;
    onLost(how === "SIGKILL" || how === "SIGTERM" ? "killed" : "crashed");
    return isReady;
  }

  /** A version that does not start is tried in turn with the one before, of which nothing may be left by now. */
  #chooseCommand(): readonly string[] {
    if (this.#goodCommand !== undefined && this.#failures % 2 === 1) return this.#goodCommand;
    try {
      return this.#options.command();
    } catch (error) {
      this.#options.log.error("the version to start is not found", { reason: String(error) });
      return this.#goodCommand ?? [];
    }
  }

  /**
   * A control that does not answer blinds the metrics of the whole node, as containerd asks one task after the other
   * without a limit of time. One question is under way at a time.
   */
  #watch(control: ControlProcess): NodeJS.Timeout {
    const { clock, log, ping } = this.#options;
    let askedAtMs: number | undefined;
    let lookedAtMs = clock.nowMs();
    return setInterval(() => {
      const now = clock.nowMs();
      // Or the clock was set.
      const wasAsleep = now - lookedAtMs > ANSWER_MS_MAX || now < lookedAtMs;
      lookedAtMs = now;
      if (askedAtMs === undefined || wasAsleep) {
        const asked = (askedAtMs = now);
        ping().then(
          () => (askedAtMs = askedAtMs === asked ? undefined : askedAtMs),
          (error: unknown) => {
            // It was never handed the question, which says nothing about it.
            askedAtMs = askedAtMs === asked ? undefined : askedAtMs;
            log.debug("control was not asked", { reason: String(error) });
          },
        );
        return;
      }
      if (now - askedAtMs < ANSWER_MS_MAX) return;
      log.error("control does not answer and is replaced", { pid: control.pid, waitedMs: now - askedAtMs });
      control.kill("SIGKILL");
    }, ASK_EVERY_MS);
  }

  async #pause(delayMs: number): Promise<void> {
    try {
      await this.#options.clock.sleep(delayMs, this.#closing.signal);
    } catch (error) {
      // The signal is the only thing that ends a sleep early, and the loop sees it too.
      if (!this.#closing.signal.aborted) throw error;
    }
  }
}
