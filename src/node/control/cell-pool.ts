import type { Log } from "#base";

import type { GuestOutcome } from "../channel/index.ts";
import { Cell } from "./cell.ts";
import type { ProcessEnd, Spawner } from "./spawner.ts";
import { StallWatch } from "./stall-watch.ts";

export interface CellPoolOptions {
  readonly spawner: Spawner;
  readonly log: Log;
  readonly errorFd: number;
  readonly stallLimitMs: number;
  readonly onGuestEnded: (cell: Cell, guest: number, outcome: GuestOutcome) => void;
  readonly onCellEnded: (cell: Cell, end: ProcessEnd) => void;
  /** A guest, where it is known, keeps a cell's thread for longer than the limit while others wait. */
  readonly onStall: (cell: Cell, guest: number | undefined) => void;
  /** Whether anyone but the running guest needs this cell's thread. */
  readonly isShared: (cell: Cell) => boolean;
}

/** One cell for each isolation group that has work, started at its first use. */
export class CellPool {
  readonly #options: CellPoolOptions;
  readonly #cells = new Map<string, Promise<Cell>>();
  readonly #running = new Set<Cell>();

  constructor(options: CellPoolOptions) {
    this.#options = options;
  }

  /** The group's cell; all that ask while it starts get the same one. */
  async cellOf(group: string): Promise<Cell> {
    const known = this.#cells.get(group);
    if (known !== undefined) return known;
    const starting = this.#start(group);
    this.#cells.set(group, starting);
    try {
      const cell = await starting;
      void this.#outlive(cell, starting);
      return cell;
    } catch (error) {
      this.#forget(group, starting);
      throw error;
    }
  }

  /** Ends the group's cell, if there is one, and resolves when it is gone. */
  async end(group: string): Promise<void> {
    const starting = this.#cells.get(group);
    if (starting === undefined) return;
    this.#forget(group, starting);
    const cell = await starting;
    cell.kill("SIGKILL");
    await cell.ended;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#cells.keys()].map((group) => this.end(group)));
  }

  running(): readonly Cell[] {
    return [...this.#running];
  }

  async #start(group: string): Promise<Cell> {
    const { spawner, log, errorFd } = this.#options;
    const cell = await Cell.start({ group, spawner, log, errorFd, onGuestEnded: this.#options.onGuestEnded });
    this.#running.add(cell);
    log.info("cell started", { group, pid: cell.pid });
    return cell;
  }

  #watch(cell: Cell): StallWatch {
    return new StallWatch({
      limitMs: this.#options.stallLimitMs,
      ask: async () => void (await cell.request({ call: "ping" })),
      isWorthAsking: () => this.#options.isShared(cell),
      onStall: () => this.#options.onStall(cell, cell.runningGuest()),
    });
  }

  /** What is left to do when a cell is gone; the next that asks for its group gets a new one. */
  async #outlive(cell: Cell, starting: Promise<Cell>): Promise<void> {
    const watch = this.#watch(cell);
    const { code, signal } = await cell.ended;
    watch.close();
    this.#forget(cell.group, starting);
    this.#running.delete(cell);
    this.#options.log.info("cell ended", { group: cell.group, pid: cell.pid, code, signal });
    this.#options.onCellEnded(cell, { code, signal });
  }

  #forget(group: string, cell: Promise<Cell>): void {
    if (this.#cells.get(group) === cell) this.#cells.delete(group);
  }
}
