import type { Log } from "#base";

import type { GuestOutcome, GuestReport } from "../channel/index.ts";
import type { CellPool } from "./cell-pool.ts";
import type { InheritedProcess } from "./cell-host.ts";
import { keyOfTenant, secludedTenantOf, tenantOf } from "./cell-tenant.ts";
import type { Cell } from "./cell.ts";
import type { Verdict } from "./exit-status.ts";
import { tellLimit, tellPause } from "./guest-changes.ts";
import type { PlacedGuests } from "./placed-guests.ts";
import type { SandboxRow, WorkloadRow } from "./workload-table.ts";

/** A guest that an earlier control had placed, as its journal says. */
export interface AdoptedGuest {
  readonly row: WorkloadRow;
  readonly sandbox: SandboxRow;
  readonly place: { readonly cell: string; readonly guest: number };
}

export interface CellAdoptionOptions {
  readonly log: Log;
  readonly cells: CellPool;
  readonly guests: PlacedGuests;
  /** The sandbox's guests run apart from their group. */
  readonly onSecluded: (sandboxId: string) => void;
  readonly onFound: (row: WorkloadRow) => void;
  readonly onGuestEnded: (cell: Cell, guest: number, outcome: GuestOutcome) => void;
  /** A guest that had started and is not in its cell any more. */
  readonly onLost: (row: WorkloadRow, verdict: Verdict) => void;
}

/** What is said of a guest whose cell ended while no control was there to see how. */
const lostWithItsCell: Verdict = {
  code: 137,
  reason: "Error",
  message: "its cell ended while the control process was away",
};

/** Takes over the cells that an earlier control started, and compares what they run with what is known of them. */
export class CellAdoption {
  readonly #options: CellAdoptionOptions;
  readonly #byGuest = new WeakMap<WorkloadRow, Promise<void>>();
  readonly #byCell = new WeakMap<Cell, Promise<void>>();

  constructor(options: CellAdoptionOptions) {
    this.#options = options;
  }

  /**
   * Resolves when each cell has said what it runs, which one whose guest does not yield may never do. Guests are found,
   * or told as ended, or left as created where the start was never heard.
   */
  async adopt(processes: readonly InheritedProcess[], placed: readonly AdoptedGuest[]): Promise<void> {
    await Promise.all(
      processes.map((inherited) => {
        const ours = placed.filter(({ place }) => place.cell === inherited.process.name);
        const cell = this.#takeCell(inherited, ours);
        const adoption = this.#adoptCell(cell, ours);
        this.#byCell.set(cell, adoption);
        for (const { row } of ours) this.#byGuest.set(row, adoption);
        return adoption;
      }),
    );
  }

  /** Resolves when the cell in which an earlier control had placed the guest has said what became of it, or has ended. */
  ofGuest(row: WorkloadRow): Promise<void> | undefined {
    return this.#byGuest.get(row);
  }

  /**
   * Resolves when the cell has said what it runs: a guest that is placed there before would be missed in its answer, and
   * might get the number of one that control has forgotten.
   */
  ofCell(cell: Cell): Promise<void> | undefined {
    return this.#byCell.get(cell);
  }

  /** Ends the cells of groups that have no sandbox any more; of the others, those that nobody uses are idle. */
  async endUnused(sandboxes: readonly SandboxRow[]): Promise<void> {
    const { cells } = this.#options;
    const tenants = sandboxes.flatMap((sandbox) => [tenantOf(sandbox.spec), secludedTenantOf(sandbox.spec)]);
    const groups = new Set(tenants.map(({ group }) => group));
    const keys = new Set(tenants.map(keyOfTenant));
    await Promise.all(
      cells.running().map(async (cell) => {
        const { tenant } = cell;
        if (groups.has(tenant.group)) {
          if (!keys.has(keyOfTenant(tenant))) await cells.rest(tenant);
          return;
        }
        // The pool knows one of those that look at the same guest.
        cell.kill("SIGKILL");
        await cells.end(tenant.group);
      }),
    );
  }

  #takeCell(inherited: InheritedProcess, placed: readonly AdoptedGuest[]): Cell {
    const { cells, guests, onSecluded } = this.#options;
    const cell = cells.adopt(
      inherited,
      placed.map(({ place }) => place.guest),
    );
    for (const { row, sandbox, place } of placed) {
      if (cell.group === secludedTenantOf(sandbox.spec).group) onSecluded(sandbox.spec.id);
      guests.noteNumber(place.guest);
      // Nothing is known of its start but that the machine ran.
      guests.add(row, { cell, guest: place.guest, sinceNs: 0 });
    }
    return cell;
  }

  async #adoptCell(cell: Cell, placed: readonly AdoptedGuest[]): Promise<void> {
    const { log } = this.#options;
    try {
      this.#compare(cell, await cell.resync());
      await Promise.all(placed.map(({ row }) => this.#repeatChanges(row)));
    } catch (error) {
      // Its end is told to each of its guests.
      log.warn("an inherited cell has ended", { group: cell.group, pid: cell.pid, reason: String(error) });
    }
  }

  /** The earlier control may have written changes down and not lived to ask for them. */
  async #repeatChanges(row: WorkloadRow): Promise<void> {
    if (!this.#options.guests.isPlaced(row)) return;
    await tellLimit(row);
    await tellPause(row);
  }

  #compare(cell: Cell, reports: readonly GuestReport[]): void {
    const { guests, log, onFound, onGuestEnded, onLost } = this.#options;
    for (const { guest, outcome } of reports) {
      const row = guests.rowOf(cell, guest);
      guests.noteNumber(guest);
      if (row === undefined) letGuestGo(cell, guest, { outcome, log });
      else if (outcome === undefined) onFound(row);
      else onGuestEnded(cell, guest, outcome);
    }
    const reported = new Set(reports.map(({ guest }) => guest));
    for (const [guest, row] of guests.of(cell)) {
      if (reported.has(guest)) continue;
      guests.forget(row);
      if (row.view.state !== "created") onLost(row, lostWithItsCell);
    }
  }
}

/** Of a guest that control knows nothing of, or nothing more: it was deleted, never written down, or told as ended. */
export function letGuestGo(
  cell: Cell,
  guest: number,
  { outcome, log }: { readonly outcome: GuestOutcome | undefined; readonly log: Log },
): void {
  const work =
    outcome === undefined
      ? cell.request({ call: "kill", guest, signal: "SIGKILL" })
      : cell.request({ call: "forget", guest });
  work.catch((error: unknown) => log.debug("a cell has ended", { reason: String(error) }));
}
