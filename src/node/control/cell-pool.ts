import type { Clock, Log } from "#base";

import type { GuestOutcome, SocketOrder } from "../channel/index.ts";
import type { CellPlace } from "../workload.ts";
import { type CellTenant, keyOfTenant, tenantOfNote } from "./cell-tenant.ts";
import { Cell } from "./cell.ts";
import type { CellHost, InheritedProcess } from "./cell-host.ts";
import { type CellMake, SpareCell } from "./spare-cell.ts";
import type { ProcessEnd } from "./spawner.ts";
import { StallWatch } from "./stall-watch.ts";

/** Reasons why cells are not in their cgroups that are told; pods' names are in some, and pods come and go. */
const COMPLAINTS_MAX = 100;

export interface CellPoolOptions {
  readonly host: CellHost;
  readonly clock: Clock;
  readonly log: Log;
  readonly errorFd: number;
  readonly stallLimitMs: number;
  readonly onGuestEnded: (cell: Cell, guest: number, outcome: GuestOutcome) => void;
  readonly onSocketWanted: (cell: Cell, guest: number, socket: SocketOrder) => number;
  readonly onCellEnded: (cell: Cell, end: ProcessEnd) => void;
  /** A guest, where it is known, keeps a cell's thread for longer than the limit while others wait. */
  readonly onStall: (cell: Cell, guest: number | undefined) => void;
  /** Whether anyone but the running guest needs this cell's thread. */
  readonly isShared: (cell: Cell) => boolean;
}

/** Cells of one group that are kept for users who may come back, as a container does that is started again. */
export const IDLE_CELLS_MAX = 4;

/** Where a tenant's cell is started. */
export interface TenantPlace {
  /** By default where control is. */
  readonly place?: CellPlace;
  /** It is the tenant's alone, and will be gone with it. */
  readonly isOwn?: boolean;
}

interface PooledCell {
  readonly tenant: CellTenant;
  readonly starting: Promise<Cell>;
}

/** One cell for each user of an isolation group that has work, started at its first use; and one that has no tenant yet. */
export class CellPool {
  readonly #options: CellPoolOptions;
  readonly #cells = new Map<string, PooledCell>();
  /** Keys of those that nobody has a place in, the longest idle first. */
  readonly #idle = new Set<string>();
  readonly #running = new Set<Cell>();
  readonly #spare: SpareCell;
  /** What the machine refused already: it will refuse the next cell the same. */
  readonly #complaints = new Set<string>();

  constructor(options: CellPoolOptions) {
    this.#options = options;
    const { clock, log, host } = options;
    this.#spare = new SpareCell({ clock, log, host, start: (tenant, place) => this.#launch(tenant, place) });
  }

  /** The tenant's cell; all that ask while it starts get the same one, where the first asked for it. */
  async cellOf(tenant: CellTenant, where: TenantPlace = {}): Promise<Cell> {
    const key = keyOfTenant(tenant);
    this.#idle.delete(key);
    const known = this.#cells.get(key);
    if (known !== undefined) return known.starting;
    const starting = this.#start(tenant, where);
    this.#cells.set(key, { tenant, starting });
    try {
      const cell = await starting;
      void this.#outlive(cell, key, starting);
      // Whoever ended the group meanwhile may have ended the last one.
      if (where.isOwn !== true && this.#cells.has(key)) this.#spare.prepare(makeOf(tenant, where));
      return cell;
    } catch (error) {
      this.#forget(key, starting);
      throw error;
    }
  }

  /** Takes over a cell of an earlier control, with the numbers of the guests that it placed there. */
  adopt(inherited: InheritedProcess, guests: readonly number[]): Cell {
    const { log, onGuestEnded, onSocketWanted } = this.#options;
    const tenant = tenantOfNote(inherited.note);
    const cell = Cell.adopt({ ...tenant, log, onGuestEnded, onSocketWanted }, inherited, guests);
    const starting = Promise.resolve(cell);
    const key = keyOfTenant(tenant);
    // Of two for one tenant only one gets new guests; the other's end with it.
    if (!this.#cells.has(key)) this.#cells.set(key, { tenant, starting });
    this.#running.add(cell);
    void this.#outlive(cell, key, starting);
    return cell;
  }

  /** To be called when nobody has a place in a cell any more, though others have in its group. */
  async rest(tenant: CellTenant): Promise<void> {
    const key = keyOfTenant(tenant);
    if (!this.#cells.has(key)) return;
    this.#idle.add(key);
    const idle = [...this.#idle].filter((other) => this.#cells.get(other)?.tenant.group === tenant.group);
    for (const oldest of idle.slice(0, Math.max(0, idle.length - IDLE_CELLS_MAX))) await this.#end(oldest);
  }

  /** Ends the group's cells, if there are any, and resolves when they are gone; with the last group the spare cell too. */
  async end(group: string): Promise<void> {
    const keys = [...this.#cells].filter(([, { tenant }]) => tenant.group === group).map(([key]) => key);
    await Promise.all(keys.map((key) => this.#end(key)));
    if (this.#cells.size === 0) await this.#spare.end();
  }

  async #end(key: string): Promise<void> {
    const pooled = this.#cells.get(key);
    if (pooled === undefined) return;
    this.#forget(key, pooled.starting);
    const cell = await pooled.starting;
    cell.kill("SIGKILL");
    await cell.ended;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#cells.keys()].map((key) => this.#end(key)));
    await this.#spare.end();
  }

  running(): readonly Cell[] {
    return [...this.#running];
  }

  async #start(tenant: CellTenant, where: TenantPlace): Promise<Cell> {
    const spare = where.isOwn === true ? undefined : await this.#spare.giveTo(tenant, makeOf(tenant, where));
    const cell = spare ?? (await this.#launch(tenant, where.place));
    this.#running.add(cell);
    const { group, user } = tenant;
    this.#options.log.info("cell started", { group, uid: user?.uid, pid: cell.pid, wasSpare: spare !== undefined });
    return cell;
  }

  async #launch(tenant: CellTenant, place: CellPlace | undefined): Promise<Cell> {
    const { host, log, errorFd, onGuestEnded, onSocketWanted } = this.#options;
    const base = { ...tenant, host, log, errorFd, onGuestEnded, onSocketWanted };
    const cell = await Cell.start(place === undefined ? base : { ...base, place });
    for (const reason of cell.complaints) this.#complainOnce(reason);
    return cell;
  }

  #complainOnce(reason: string): void {
    if (this.#complaints.has(reason) || this.#complaints.size >= COMPLAINTS_MAX) return;
    this.#complaints.add(reason);
    this.#options.log.warn("a cell is not where it should be counted", { reason });
  }

  #watch(cell: Cell): StallWatch {
    return new StallWatch({
      limitMs: this.#options.stallLimitMs,
      ask: async () => void (await cell.request({ call: "ping" })),
      isWorthAsking: () => this.#options.isShared(cell),
      onStall: () => this.#options.onStall(cell, cell.runningGuest()),
    });
  }

  /** What is left to do when a cell is gone; the next that asks for its tenant gets a new one. */
  async #outlive(cell: Cell, key: string, starting: Promise<Cell>): Promise<void> {
    const watch = this.#watch(cell);
    const { code, signal } = await cell.ended;
    watch.close();
    this.#forget(key, starting);
    this.#running.delete(cell);
    this.#options.log.info("cell ended", { group: cell.group, pid: cell.pid, code, signal });
    this.#options.onCellEnded(cell, { code, signal });
    this.#options.host.forget(cell.process);
  }

  #forget(key: string, cell: Promise<Cell>): void {
    if (this.#cells.get(key)?.starting !== cell) return;
    this.#cells.delete(key);
    this.#idle.delete(key);
  }
}

function makeOf({ user }: CellTenant, { place }: TenantPlace): CellMake {
  return { ...(user === undefined ? {} : { user }), ...(place === undefined ? {} : { place }) };
}
