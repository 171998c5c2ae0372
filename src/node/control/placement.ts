import { type Clock, KwasmError, type Log } from "#base";

import type { GuestOutcome, GuestUsage, SocketOrder } from "../channel/index.ts";
import type { CellPlaces, Inspection, InspectionSpec, KillSignal } from "../workload.ts";
import { type AdoptedGuest, CellAdoption, letGuestGo } from "./cell-adoption.ts";
import type { CellHost } from "./cell-host.ts";
import { cellIsGone, isCellGone } from "./cell-channel.ts";
import { monotonicNs } from "./cell-page.ts";
import { CellPool, type TenantPlace } from "./cell-pool.ts";
import { keyOfTenant, secludedTenantOf, tenantOf } from "./cell-tenant.ts";
import type { Cell } from "./cell.ts";
import { type Verdict, verdictOfCellEnd, verdictOfOutcome } from "./exit-status.ts";
import { type GuestOutput, openGuestOutput, type OutputParts, resumeGuestOutput } from "./guest-output.ts";
import { prepareHandover } from "./handover.ts";
import { openGuestSocket } from "./open-guest-socket.ts";
import { Inspector } from "./inspector.ts";
import { LogWriter } from "./log-writer.ts";
import { PlacedGuests } from "./placed-guests.ts";
import { plausibleUsage } from "./plausible-usage.ts";
import type { ProcessEnd } from "./spawner.ts";
import type { Place, SandboxRow, WorkloadRow } from "./workload-table.ts";

/** How long a cell may take to end one guest before the cell itself is ended. */
const KILL_ANSWER_MS = 1_000;
/** How long a cell may take from its answer to telling the guest's end: it waits a second for the last output. */
const END_TOLD_MS = 5_000;
/** How long the last lines of a guest may take on their way to its log before its exit is told without them. */
const LOG_DRAIN_MS = 2_000;
/** Cells that a start may lose to other guests before it counts as failed. */
const START_ATTEMPTS_MAX = 3;

export interface PlacementOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly errorFd: number;
  readonly host: CellHost;
  /** Told before a cell is asked to start a guest. */
  readonly onPlaced: (row: WorkloadRow, place: { readonly cell: string; readonly guest: number }) => void;
  /** A guest that an earlier control had placed runs. */
  readonly onFound: (row: WorkloadRow) => void;
  /** A guest that keeps a shared cell's thread for so long is ended together with the cell. */
  readonly stallLimitMs: number;
  /** The sandbox that a placed guest is in. */
  readonly sandboxOf: (row: WorkloadRow) => SandboxRow;
  readonly places?: CellPlaces;
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
  readonly #outputParts: OutputParts;
  readonly #logs: LogWriter;
  readonly #cells: CellPool;
  readonly #inspector: Inspector;
  readonly #adoption: CellAdoption;
  readonly #guests = new PlacedGuests();
  readonly #sentences = new Map<Cell, CellSentence>();
  /** Cells whose guests were told that they have ended; who came after that would wait for ever. */
  readonly #ended = new WeakSet<Cell>();
  /** Outputs still open, by workload; an exit is told when they are finished. */
  readonly #outputs = new Map<string, GuestOutput>();
  /** Guests that are to end. */
  readonly #endings = new Map<WorkloadRow, Promise<void>>();
  /** Sandboxes whose guests run apart from their group. */
  readonly #secluded = new Set<string>();

  constructor(options: PlacementOptions) {
    this.#options = options;
    this.#logs = new LogWriter(options.log);
    this.#outputParts = { logs: this.#logs, log: options.log, host: options.host };
    const { log, errorFd, host, places } = options;
    this.#inspector = new Inspector({ host, log, errorFd, ...(places === undefined ? {} : { places }) });
    this.#cells = new CellPool({
      host: options.host,
      clock: options.clock,
      log: options.log,
      errorFd: options.errorFd,
      stallLimitMs: options.stallLimitMs,
      onGuestEnded: (cell, guest, outcome) => this.#guestEnded(cell, guest, outcome),
      onSocketWanted: (cell, guest, socket) => this.#openSocket(cell, guest, socket),
      onCellEnded: (cell, end) => this.#cellEnded(cell, end),
      onStall: (cell, guest) => this.#endStalled(cell, this.#guests.rowOf(cell, guest)),
      isShared: (cell) => this.#guests.of(cell).size > 1,
    });
    this.#adoption = new CellAdoption({
      log,
      cells: this.#cells,
      guests: this.#guests,
      onSecluded: (sandboxId) => this.#secluded.add(sandboxId),
      onFound: options.onFound,
      onGuestEnded: (cell, guest, outcome) => this.#guestEnded(cell, guest, outcome),
      onLost: (row, verdict) => void this.#tell(row, verdict),
    });
  }

  /** Takes over the cells of an earlier control, with the guests that it placed there: see CellAdoption. */
  async adopt(placed: readonly AdoptedGuest[]): Promise<void> {
    for (const { row } of placed) this.#resumeOutput(row);
    await this.#adoption.adopt(this.#options.host.inherited.processes, placed);
  }

  /** Resolves when the cell in which an earlier control had placed the guest has said what became of it, or has ended. */
  adoptionOf(row: WorkloadRow): Promise<void> | undefined {
    return this.#adoption.ofGuest(row);
  }

  endUnused(sandboxes: readonly SandboxRow[]): Promise<void> {
    return this.#adoption.endUnused(sandboxes);
  }

  #resumeOutput(row: WorkloadRow): void {
    const { output: spec, id } = row.spec;
    const output = resumeGuestOutput(id, spec, this.#outputParts);
    if (spec.kind === "fifos" && spec.stdinPath !== undefined && !row.isInputClosed) output?.holdInput(spec.stdinPath);
    if (output !== undefined) this.#outputs.set(row.spec.id, output);
  }

  /** Lets go of the output of a guest whose end an earlier control had written down. */
  async finishOutput({ spec }: WorkloadRow): Promise<void> {
    await resumeGuestOutput(spec.id, spec.output, this.#outputParts)?.finish();
  }

  /**
   * Starts a guest in its cell. Answers whether it runs; where not, how it ended is told by `onEnded`, as it is for
   * one that cannot be started.
   */
  async start(row: WorkloadRow, sandbox: SandboxRow): Promise<boolean> {
    try {
      for (let attempt = 1; attempt <= START_ATTEMPTS_MAX; attempt++) {
        if (await this.#tryStart(row, sandbox)) return this.#guests.isPlaced(row);
      }
      throw new KwasmError("unavailable", "its cell was ended again and again because of other guests");
    } catch (error) {
      const { message } = KwasmError.from(error, `start "${nameOf(row)}"`);
      this.#guests.forget(row);
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

  /** What the guest has used so far, whatever its cell is doing. */
  usageOf(row: WorkloadRow): GuestUsage {
    const { place } = row;
    if (place !== undefined && this.#guests.isPlaced(row)) {
      const told = place.cell.usageOf(place.guest);
      const bounds = { elapsedNs: monotonicNs() - place.sinceNs, memoryBytesMax: row.spec.memoryBytesMax };
      row.usage = plausibleUsage(told, row.usage, bounds);
    }
    return row.usage;
  }

  /** Looks into a guest that was placed, in a process beside its cell. */
  inspect(row: WorkloadRow, sandbox: SandboxRow, spec: InspectionSpec): Promise<Inspection> {
    const { memoryBytes, cpuNanoseconds } = this.usageOf(row);
    return this.#inspector.inspect({ row, sandbox, spec, usage: { memoryBytes, cpuNanoseconds } });
  }

  closeInput(row: WorkloadRow): void {
    row.isInputClosed = true;
    this.#outputs.get(row.spec.id)?.closeInput();
  }

  /** Ends the cells that nobody needs once `sandbox` is gone and `others` are left. */
  async leave(sandbox: SandboxRow, others: readonly SandboxRow[]): Promise<void> {
    if (this.#secluded.delete(sandbox.spec.id)) await this.#cells.end(secludedTenantOf(sandbox.spec).group);
    const { group } = sandbox.spec;
    const peers = others.filter(({ spec }) => spec.group === group);
    if (peers.length === 0) {
      await this.#cells.end(group);
      return;
    }
    const tenant = tenantOf(sandbox.spec);
    const isNeeded = peers.some(({ spec }) => keyOfTenant(tenantOf(spec)) === keyOfTenant(tenant));
    if (!isNeeded) await this.#cells.rest(tenant);
  }

  listCells(): readonly { readonly group: string; readonly pid: number }[] {
    return this.#cells.running().map(({ group, pid }) => ({ group, pid }));
  }

  async close(): Promise<void> {
    await this.#cells.close();
    await this.#logs.close();
    await this.#options.host.close();
  }

  /** One request for a guest, however often its end is asked for: none of the signals can be caught. */
  async #end(row: WorkloadRow, place: Place, signal: KillSignal): Promise<void> {
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
    const isSecluded = this.#secluded.has(sandbox.spec.id);
    const tenant = isSecluded ? secludedTenantOf(sandbox.spec) : tenantOf(sandbox.spec);
    const cell = await this.#cells.cellOf(tenant, this.#placeOf(sandbox));
    await this.#adoption.ofCell(cell);
    if (this.#sentences.has(cell)) {
      await cell.ended;
      return this.#tryStart(row, sandbox);
    }
    if (row.view.state !== "starting") return true;
    try {
      await this.#handOver(row, { cell, guest: this.#guests.nextNumber(cell), sinceNs: monotonicNs() }, sandbox);
      return true;
    } catch (error) {
      if (!isCellGone(error)) throw error;
      // A guest that still has its place shares the end of its cell.
      return row.place !== undefined;
    }
  }

  #placeOf({ spec }: SandboxRow): TenantPlace {
    const place = this.#options.places?.placeOf(spec);
    return { isOwn: spec.podCgroup !== undefined, ...(place === undefined ? {} : { place }) };
  }

  /** Opens what the guest is granted, gives it to the cell and drops control's own copies. */
  async #handOver(row: WorkloadRow, place: Place, sandbox: SandboxRow): Promise<void> {
    const output = await this.#openOutput(row);
    try {
      if (this.#ended.has(place.cell)) throw cellIsGone(place.cell.group);
      const handover = prepareHandover(place.guest, row.spec, sandbox.listeners, output.descriptors);
      this.#options.onPlaced(row, { cell: place.cell.process.name, guest: place.guest });
      this.#guests.add(row, place);
      try {
        await place.cell.request({ call: "start", guest: handover.order }, handover.descriptors);
      } finally {
        handover.close();
      }
    } finally {
      output.closeDescriptors();
    }
  }

  async #openOutput({ spec, isInputClosed }: WorkloadRow): Promise<GuestOutput> {
    // A start that is tried again has left one behind.
    await this.#outputs.get(spec.id)?.discard();
    const output = openGuestOutput(spec.id, spec.output, this.#outputParts);
    if (isInputClosed) output.closeInput();
    this.#outputs.set(spec.id, output);
    return output;
  }

  #endStalled(cell: Cell, culprit: WorkloadRow | undefined): void {
    const seconds = String(this.#options.stallLimitMs / 1_000);
    if (culprit !== undefined) this.#secluded.add(culprit.spec.sandboxId);
    this.#endCell(cell, culprit, `it kept the thread for ${seconds} s without yielding`);
  }

  #endStuck(cell: Cell, row: WorkloadRow): void {
    const culprit = this.#guests.rowOf(cell, cell.runningGuest()) ?? row;
    this.#endCell(cell, culprit, "it had to be ended while a guest did not yield");
  }

  #endCell(cell: Cell, culprit: WorkloadRow | undefined, why: string): void {
    const name = culprit === undefined ? "an unknown guest" : nameOf(culprit);
    this.#options.log.warn("ending a cell", { group: cell.group, pid: cell.pid, culprit: name, why });
    this.#sentences.set(cell, { culprit, why });
    for (const row of this.#guests.of(cell).values()) {
      // Not yet started: it is tried again in the next cell.
      if (row !== culprit && row.view.state === "starting") this.#guests.forget(row);
    }
    cell.kill("SIGKILL");
  }

  /** In the network of the guest's sandbox, for those that were granted one. */
  #openSocket(cell: Cell, guest: number, order: SocketOrder): number {
    const row = this.#guests.rowOf(cell, guest);
    const sandbox = row && this.#options.sandboxOf(row);
    return openGuestSocket(order, { grant: row?.spec.network, networkNamespace: sandbox?.spec.networkNamespace });
  }

  #guestEnded(cell: Cell, guest: number, outcome: GuestOutcome): void {
    const row = this.#guests.rowOf(cell, guest);
    if (row === undefined) return;
    this.usageOf(row);
    this.#guests.remove(cell, guest);
    void this.#tell(row, verdictOfOutcome(outcome)).then(() =>
      letGuestGo(cell, guest, { outcome, log: this.#options.log }),
    );
  }

  #cellEnded(cell: Cell, end: ProcessEnd): void {
    const sentence = this.#sentences.get(cell);
    for (const row of this.#guests.of(cell).values()) {
      this.usageOf(row);
      const why = sentence === undefined ? undefined : sayTo(row, sentence);
      void this.#tell(row, verdictOfCellEnd(end, cell.group, why));
    }
    this.#ended.add(cell);
    this.#guests.removeAll(cell);
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
}

function nameOf({ spec }: WorkloadRow): string {
  return spec.displayName ?? spec.id;
}

function sayTo(row: WorkloadRow, { culprit, why }: CellSentence): string {
  if (row === culprit) return `${why}; its cell was ended with it`;
  return `its cell was ended because of ${culprit === undefined ? "an unknown guest" : `"${nameOf(culprit)}"`}: ${why}`;
}
