import { type Clock, KwasmError, type Log } from "#base";

import type { CellPlace, UserSpec } from "../workload.ts";
import type { CellHost } from "./cell-host.ts";
import { type CellTenant, keyOfTenant, noteOfTenant } from "./cell-tenant.ts";
import type { Cell } from "./cell.ts";

/** After a cell began to serve: by then its first guest has started, and the spare takes no time from it. */
const SPARE_DELAY_MS = 100;

/** The group of a cell that has no tenant yet; no sandbox has it, so that a later control ends what it finds of it. */
const SPARE_GROUP = "spare cell";

/** What a cell's process is made with, whoever's guests it gets. */
export interface CellMake {
  readonly user?: UserSpec;
  readonly place?: CellPlace;
}

interface SpareCellOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly host: Pick<CellHost, "note" | "forget">;
  readonly start: (tenant: CellTenant, place: CellPlace | undefined) => Promise<Cell>;
}

interface Spare {
  readonly key: string;
  /** Undefined where it could not be started. */
  readonly starting: Promise<Cell | undefined>;
  isGiven: boolean;
}

/**
 * A cell that is started before anybody asks for it, so that the first pod of a group does not wait for the start of an
 * engine. It is like the last one that was asked for, since the next group's guests are most likely the same user's. No
 * guest was ever in it, and none will be but those of the tenant that it is given to.
 */
export class SpareCell {
  readonly #options: SpareCellOptions;
  #spare: Spare | undefined;
  #wanted: CellMake = {};
  #waiting: AbortController | undefined;
  /** False under a keeper of an earlier version, which cannot be told whose a cell has become. */
  #isOfUse = true;

  constructor(options: SpareCellOptions) {
    this.#options = options;
  }

  /** To be called when a cell of this make serves: a spare one like it is started a moment later. */
  prepare(make: CellMake): void {
    this.#wanted = make;
    if (this.#waiting !== undefined || !this.#isOfUse) return;
    this.#waiting = new AbortController();
    void this.#startSoon(this.#waiting.signal);
  }

  /** Gives the spare cell to a tenant, if there is one of this make; the host knows whose it is from here on. */
  async giveTo(tenant: CellTenant, make: CellMake): Promise<Cell | undefined> {
    const spare = this.#spare;
    if (spare?.key !== keyOfMake(make)) return undefined;
    this.#spare = undefined;
    const cell = await spare.starting;
    if (cell === undefined) return undefined;
    try {
      // Before it has a guest: this control may end at any time, and the next one must not take the cell for nobody's.
      const noted = this.#options.host.note(cell.process, noteOfTenant(tenant));
      // It may have died a moment ago.
      await Promise.all([noted, cell.request({ call: "ping" })]);
    } catch (error) {
      if (error instanceof KwasmError && error.code === "unsupported") this.#isOfUse = false;
      this.#options.log.warn("a spare cell is of no use", { pid: cell.pid, reason: String(error) });
      cell.kill("SIGKILL");
      return undefined;
    }
    spare.isGiven = true;
    cell.giveTo(tenant);
    return cell;
  }

  /** Ends it, if there is one, and what would start one; resolves when it is gone. */
  async end(): Promise<void> {
    this.#waiting?.abort();
    this.#waiting = undefined;
    const spare = this.#spare;
    this.#spare = undefined;
    await endOf(spare);
  }

  async #startSoon(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await clock.sleep(SPARE_DELAY_MS, signal);
    } catch (error) {
      log.debug("no spare cell is needed", { reason: String(error) });
      return;
    }
    if (signal.aborted) return;
    this.#waiting = undefined;
    const key = keyOfMake(this.#wanted);
    if (this.#spare?.key === key) return;
    const other = this.#spare;
    const spare: Spare = { key, starting: this.#start(this.#wanted), isGiven: false };
    this.#spare = spare;
    void this.#outlive(spare);
    await endOf(other);
  }

  async #start({ user, place }: CellMake): Promise<Cell | undefined> {
    const { log, start } = this.#options;
    try {
      const cell = await start({ group: SPARE_GROUP, ...(user === undefined ? {} : { user }) }, place);
      log.info("spare cell started", { uid: user?.uid, pid: cell.pid });
      return cell;
    } catch (error) {
      log.warn("start a spare cell failed", { reason: String(error) });
      return undefined;
    }
  }

  /** One that has ended is not replaced before a cell is asked for again: what ended it may end the next. */
  async #outlive(spare: Spare): Promise<void> {
    const cell = await spare.starting;
    await cell?.ended;
    if (this.#spare === spare) this.#spare = undefined;
    if (cell === undefined || spare.isGiven) return;
    this.#options.log.info("spare cell ended", { pid: cell.pid });
    this.#options.host.forget(cell.process);
  }
}

async function endOf(spare: Spare | undefined): Promise<void> {
  const cell = await spare?.starting;
  cell?.kill("SIGKILL");
  await cell?.ended;
}

function keyOfMake({ user, place }: CellMake): string {
  const whose = keyOfTenant({ group: SPARE_GROUP, ...(user === undefined ? {} : { user }) });
  return JSON.stringify([whose, place?.cgroups, place?.oomScoreAdj]);
}
