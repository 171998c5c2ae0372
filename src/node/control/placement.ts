import { setTimeout as sleep } from "node:timers/promises";

import { KwasmError, type Log } from "#base";

import type { GuestOutcome } from "../channel/index.ts";
import type { KillSignal } from "../workload.ts";
import { CellPool } from "./cell-pool.ts";
import type { Cell } from "./cell.ts";
import { type Verdict, verdictOfCellEnd, verdictOfOutcome } from "./exit-status.ts";
import { type GuestOutput, openGuestOutput } from "./guest-output.ts";
import { prepareHandover } from "./handover.ts";
import { LogWriter } from "./log-writer.ts";
import { type ProcessEnd, Spawner } from "./spawner.ts";
import type { SandboxRow, WorkloadRow } from "./workload-table.ts";

/** How long a cell may take to end one guest before the cell itself is ended. */
const KILL_ANSWER_MS = 1_000;
/** How long a cell may take from its answer to telling the guest's end: it waits a second for the last output. */
const END_TOLD_MS = 5_000;
/** How long the last lines of a guest may take on their way to its log before its exit is told without them. */
const LOG_DRAIN_MS = 2_000;
/** How long a cell may take to say how much memory a guest has; the kubelet gives a whole node's answer two seconds. */
const STATS_ANSWER_MS = 500;
/** Cells that a start may lose to other guests before it counts as failed. */
const START_ATTEMPTS_MAX = 3;

export interface PlacementOptions {
  readonly log: Log;
  readonly errorFd: number;
  /** A guest that keeps a shared cell's thread for so long is ended together with the cell. */
  readonly stallLimitMs: number;
  /** How a guest that was placed has ended; told once, after its last line is in its log. */
  readonly onEnded: (row: WorkloadRow, verdict: Verdict) => void;
}

/** Why control ended a cell, and because of whom, for the statuses of those that were in it. */
interface CellSentence {
  readonly culprit: WorkloadRow | undefined;
  readonly why: string;
}

/**
 * Puts guests into cells and learns how they end. Guests of one isolation group share a cell, but for those of a
 * sandbox that once kept the thread to itself: they get a cell of their own, where nobody waits for them.
 */
export class Placement {
  readonly #options: PlacementOptions;
  readonly #spawner = new Spawner();
  readonly #logs: LogWriter;
  readonly #cells: CellPool;
  /** Guests by cell and number: the row of a guest that a cell speaks of. */
  readonly #guests = new Map<Cell, Map<number, WorkloadRow>>();
  readonly #sentences = new Map<Cell, CellSentence>();
  /** Outputs still open, by workload; an exit is told when they are finished. */
  readonly #outputs = new Map<string, GuestOutput>();
  /** Guests that are to end. */
  readonly #endings = new Map<WorkloadRow, Promise<void>>();
  /** Questions for memory that are not answered yet: a cell alone with its guest may compute for days. */
  readonly #asked = new Map<WorkloadRow, Promise<void>>();
  /** Sandboxes whose guests run apart from their group. */
  readonly #secluded = new Set<string>();
  #lastGuest = 0;

  constructor(options: PlacementOptions) {
    this.#options = options;
    this.#logs = new LogWriter(options.log);
    this.#cells = new CellPool({
      spawner: this.#spawner,
      log: options.log,
      errorFd: options.errorFd,
      stallLimitMs: options.stallLimitMs,
      onGuestEnded: (cell, guest, outcome) => this.#guestEnded(cell, guest, outcome),
      onCellEnded: (cell, end) => this.#cellEnded(cell, end),
      onStall: (cell, guest) => this.#endStalled(cell, this.#rowOf(cell, guest)),
      isShared: (cell) => (this.#guests.get(cell)?.size ?? 0) > 1,
    });
  }

  /**
   * Starts a guest in its cell. Answers whether it runs; where not, how it ended is told by `onEnded`, as it is for
   * one that cannot be started.
   */
  async start(row: WorkloadRow, sandbox: SandboxRow): Promise<boolean> {
    try {
      for (let attempt = 1; attempt <= START_ATTEMPTS_MAX; attempt++) {
        if (await this.#tryStart(row, sandbox)) return this.#isPlaced(row);
      }
      throw new KwasmError("unavailable", "its cell was ended again and again because of other guests");
    } catch (error) {
      const { message } = KwasmError.from(error, `start "${nameOf(row)}"`);
      this.#forget(row);
      await this.#tell(row, { code: 126, reason: "StartError", message });
      return false;
    }
  }

  /** Resolves when the guest is gone, if need be with its cell. */
  async kill(row: WorkloadRow, signal: KillSignal): Promise<void> {
    const { place } = row;
    if (place === undefined) return;
    const ending = this.#endings.get(row) ?? this.#end(row, place, signal).finally(() => this.#endings.delete(row));
    this.#endings.set(row, ending);
    await ending;
  }

  /** What the cell says of the guest's memory, or what it said last where it does not answer in time. */
  async memoryBytesOf(row: WorkloadRow): Promise<number> {
    if (row.place !== undefined) {
      const asked = this.#asked.get(row) ?? this.#askMemory(row, row.place).finally(() => this.#asked.delete(row));
      this.#asked.set(row, asked);
      await Promise.race([asked, sleep(STATS_ANSWER_MS, undefined, { ref: false })]);
    }
    return row.memoryBytes;
  }

  /** Ends the cells that nobody needs once `sandbox` is gone. */
  async leave(sandbox: SandboxRow, isLastOfGroup: boolean): Promise<void> {
    if (this.#secluded.delete(sandbox.spec.id)) await this.#cells.end(secludedGroup(sandbox));
    if (isLastOfGroup) await this.#cells.end(sandbox.spec.group);
  }

  listCells(): readonly { readonly group: string; readonly pid: number }[] {
    return this.#cells.running().map(({ group, pid }) => ({ group, pid }));
  }

  async close(): Promise<void> {
    await this.#cells.close();
    await this.#logs.close();
    await this.#spawner.close();
  }

  /** One request for a guest, however often its end is asked for: none of the signals can be caught. */
  async #end(row: WorkloadRow, place: { cell: Cell; guest: number }, signal: KillSignal): Promise<void> {
    const endStuck = (): void => this.#endStuck(place.cell, row);
    const timer = setTimeout(endStuck, KILL_ANSWER_MS);
    try {
      await place.cell.request({ call: "kill", guest: place.guest, signal });
    } catch (error) {
      // A cell that died meanwhile took the guest with it, which is what was asked for.
      if (!isCellGone(error)) throw error;
    } finally {
      clearTimeout(timer);
    }
    // A cell that lies answers and never tells the end.
    const lie = setTimeout(endStuck, END_TOLD_MS);
    await row.exited.promise;
    clearTimeout(lie);
  }

  /** Answers false where the guest's cell was ended because of another guest, before this one ran. */
  async #tryStart(row: WorkloadRow, sandbox: SandboxRow): Promise<boolean> {
    const { id, group } = sandbox.spec;
    const cell = await this.#cells.cellOf(this.#secluded.has(id) ? secludedGroup(sandbox) : group);
    if (row.view.state !== "starting") return true;
    try {
      await this.#handOver(row, { cell, guest: ++this.#lastGuest }, sandbox);
      return true;
    } catch (error) {
      if (!isCellGone(error)) throw error;
      // A guest that still has its place shares the end of its cell.
      return row.place !== undefined;
    }
  }

  /** Opens what the guest is granted, gives it to the cell and drops control's own copies. */
  async #handOver(row: WorkloadRow, place: { cell: Cell; guest: number }, sandbox: SandboxRow): Promise<void> {
    const output = this.#openOutput(row);
    try {
      const listenerFds = sandbox.listeners.map(({ fd }) => fd);
      const handover = prepareHandover(place.guest, row.spec, listenerFds, output.descriptors);
      row.place = place;
      this.#guestsOf(place.cell).set(place.guest, row);
      try {
        await place.cell.request({ call: "start", guest: handover.order }, handover.descriptors);
      } finally {
        handover.close();
      }
    } finally {
      output.closeDescriptors();
    }
  }

  async #askMemory(row: WorkloadRow, place: { cell: Cell; guest: number }): Promise<void> {
    try {
      row.memoryBytes = (await place.cell.request({ call: "stats", guest: place.guest })).memoryBytes;
    } catch (error) {
      // Nobody may be waiting any more, and the figure from before is the best there is.
      this.#options.log.debug("a cell did not tell a guest's memory", { workload: row.spec.id, reason: error });
    }
  }

  #openOutput(row: WorkloadRow): GuestOutput {
    const output = openGuestOutput(row.spec.output, this.#logs, this.#options.log);
    // A start that is tried again has left one behind.
    void this.#outputs.get(row.spec.id)?.finish();
    this.#outputs.set(row.spec.id, output);
    return output;
  }

  #isPlaced({ place }: WorkloadRow): boolean {
    return place !== undefined && this.#rowOf(place.cell, place.guest) !== undefined;
  }

  #forget(row: WorkloadRow): void {
    if (row.place !== undefined) this.#guests.get(row.place.cell)?.delete(row.place.guest);
    delete row.place;
  }

  #endStalled(cell: Cell, culprit: WorkloadRow | undefined): void {
    const seconds = String(this.#options.stallLimitMs / 1_000);
    if (culprit !== undefined) this.#secluded.add(culprit.spec.sandboxId);
    this.#endCell(cell, culprit, `it kept the thread for ${seconds} s without yielding`);
  }

  #endStuck(cell: Cell, row: WorkloadRow): void {
    const culprit = this.#rowOf(cell, cell.runningGuest()) ?? row;
    this.#endCell(cell, culprit, "it had to be ended while a guest did not yield");
  }

  #endCell(cell: Cell, culprit: WorkloadRow | undefined, why: string): void {
    const name = culprit === undefined ? "an unknown guest" : nameOf(culprit);
    this.#options.log.warn("ending a cell", { group: cell.group, pid: cell.pid, culprit: name, why });
    this.#sentences.set(cell, { culprit, why });
    for (const row of this.#guestsOf(cell).values()) {
      // Not yet started: it is tried again in the next cell.
      if (row !== culprit && row.view.state === "starting") this.#forget(row);
    }
    cell.kill("SIGKILL");
  }

  #guestEnded(cell: Cell, guest: number, outcome: GuestOutcome): void {
    const row = this.#rowOf(cell, guest);
    if (row === undefined) return;
    this.#guests.get(cell)?.delete(guest);
    void this.#tell(row, verdictOfOutcome(outcome));
  }

  #cellEnded(cell: Cell, end: ProcessEnd): void {
    const sentence = this.#sentences.get(cell);
    for (const row of this.#guests.get(cell)?.values() ?? []) {
      const why = sentence === undefined ? undefined : sayTo(row, sentence);
      void this.#tell(row, verdictOfCellEnd(end, cell.group, why));
    }
    this.#guests.delete(cell);
    this.#sentences.delete(cell);
  }

  /** Tells an exit once the guest's last line is in its log: kubectl logs must be whole when the status says so. */
  async #tell(row: WorkloadRow, verdict: Verdict): Promise<void> {
    const output = this.#outputs.get(row.spec.id);
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, LOG_DRAIN_MS);
    await Promise.race([output?.finish(), timeout.promise]);
    clearTimeout(timer);
    this.#outputs.delete(row.spec.id);
    this.#options.onEnded(row, verdict);
  }

  #guestsOf(cell: Cell): Map<number, WorkloadRow> {
    const known = this.#guests.get(cell);
    if (known !== undefined) return known;
    const guests = new Map<number, WorkloadRow>();
    this.#guests.set(cell, guests);
    return guests;
  }

  #rowOf(cell: Cell, guest: number | undefined): WorkloadRow | undefined {
    return guest === undefined ? undefined : this.#guests.get(cell)?.get(guest);
  }
}

function nameOf({ spec }: WorkloadRow): string {
  return spec.displayName ?? spec.id;
}

function secludedGroup({ spec }: SandboxRow): string {
  return `${spec.group}/${spec.id}`;
}

function sayTo(row: WorkloadRow, { culprit, why }: CellSentence): string {
  if (row === culprit) return `${why}; its cell was ended with it`;
  return `its cell was ended because of ${culprit === undefined ? "an unknown guest" : `"${nameOf(culprit)}"`}: ${why}`;
}

function isCellGone(error: unknown): boolean {
  return error instanceof KwasmError && error.code === "unavailable";
}
