import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Clock, entryPath, type Log, nodeCommand } from "#base";
import type { Front, FrontReport, FromBalancer, ToBalancer } from "./balancer-messages.ts";

/** Wait before the balancer is started again; doubled while it keeps dying, so that a broken one costs nothing. */
const RESTART_DELAY_MS_MIN = 100;
const RESTART_DELAY_MS_MAX = 10_000;
/** A balancer that ran this long was healthy: the next death starts at the shortest delay again. */
const RESTART_DELAY_RESET_MS = 60_000;

export interface BalancerSupervisorOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Called for each front that was bound or could not be. */
  readonly onReport: (report: FrontReport) => void;
}

/** What the balancer answers by `settled`. */
type Question = Extract<ToBalancer, { kind: "settle" | "drain" }>;

/** Keeps one balancer process alive and its fronts as wanted. A fresh process gets the whole table again. */
export class BalancerSupervisor implements AsyncDisposable {
  readonly #options: BalancerSupervisorOptions;
  readonly #fronts = new Map<string, Front>();
  readonly #closing = new AbortController();
  /** Who waits for which turn to be performed. */
  readonly #settling = new Map<number, { readonly question: Question; readonly resolve: () => void }>();
  #turn = 0;
  #child: ChildProcess | undefined;
  #delayMs = RESTART_DELAY_MS_MIN;

  constructor(options: BalancerSupervisorOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const entry = entryPath(import.meta.url, "./balancer-main.ts", "balancer.js");
    const startedAtMs = this.#options.clock.nowMs();
    const [program, ...words] = nodeCommand();
    const child = spawn(program, [...words, entry], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: {},
    });
    this.#child = child;
    child.on("message", (message: FromBalancer) => this.#receive(message));
    child.once("error", (error) => this.#options.log.error("balancer process failed", { error }));
    child.once("close", () => void this.#restart(startedAtMs));
  }

  set(front: Front): void {
    this.#fronts.set(front.id, front);
    this.#send({ kind: "set", front });
  }

  remove(id: string): void {
    if (this.#fronts.delete(id)) this.#send({ kind: "remove", id });
  }

  /** Ids of the fronts that are wanted now. */
  ids(): readonly string[] {
    return [...this.#fronts.keys()];
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const { resolve } of this.#settling.values()) resolve();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves when the balancer has performed everything that was asked of it before. */
  settle(): Promise<void> {
    this.#turn += 1;
    return this.#ask({ kind: "settle", turn: this.#turn });
  }

  /** Resolves when no connection to the pod of that address is left, all having ended between two requests. */
  drain(address: string): Promise<void> {
    this.#turn += 1;
    return this.#ask({ kind: "drain", turn: this.#turn, address });
  }

  #ask(question: Question): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settling.set(question.turn, { question, resolve });
    this.#send(question);
    return promise;
  }

  #receive(message: FromBalancer): void {
    switch (message.kind) {
      case "ready":
        for (const front of this.#fronts.values()) this.#send({ kind: "set", front });
        for (const { question } of this.#settling.values()) this.#send(question);
        return;
      case "settled":
        this.#settling.get(message.turn)?.resolve();
        this.#settling.delete(message.turn);
        return;
      default:
        this.#options.onReport(message);
    }
  }

  /** A send into a dying process is lost on purpose: its successor asks for the whole table. */
  #send(message: ToBalancer): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  async #restart(startedAtMs: number): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const isHealthy = this.#options.clock.nowMs() - startedAtMs >= RESTART_DELAY_RESET_MS;
    const delayMs = isHealthy ? RESTART_DELAY_MS_MIN : this.#delayMs;
    this.#delayMs = Math.min(delayMs * 2, RESTART_DELAY_MS_MAX);
    this.#options.log.warn("balancer process ended, starting it again", { delayMs });
    const isCancelled = await this.#options.clock.sleep(delayMs, this.#closing.signal).then(
      () => false,
      () => true,
    );
    if (!isCancelled) this.start();
  }
}
