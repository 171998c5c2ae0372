import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

import { KwasmError, type Log } from "#base";

import type { GuestOutcome } from "../channel/index.ts";
import { openListener } from "../syscall/listener.ts";
import type {
  ExitStatus,
  KillSignal,
  NodeRuntime,
  SandboxSpec,
  SandboxView,
  WorkloadSpec,
  WorkloadStats,
  WorkloadView,
} from "../workload.ts";
import { CellPool } from "./cell-pool.ts";
import type { Cell } from "./cell.ts";
import { type Verdict, verdictOfCellEnd, verdictOfOutcome, verdictOfUnstarted } from "./exit-status.ts";
import { prepareHandover } from "./handover.ts";
import { Journal } from "./journal.ts";
import {
  entriesOf,
  type JournalEntry,
  readEntry,
  type Remembered,
  type RememberedWorkload,
  replay,
} from "./journal-entries.ts";
import { closeOutput, LogWriter, type OutputPipes } from "./log-writer.ts";
import { type ProcessEnd, Spawner } from "./spawner.ts";
import { type SandboxRow, viewOfSandbox, type WorkloadRow, WorkloadTable } from "./workload-table.ts";

/** A guest that keeps a shared cell's thread for so long is ended together with the cell. */
const STALL_LIMIT_MS = 10_000;
/** How long a cell may take to end one guest before the cell itself is ended. */
const KILL_ANSWER_MS = 1_000;
/** How long the last lines of a guest may take on their way to its log before its exit is told without them. */
const LOG_DRAIN_MS = 2_000;

export interface NodeRuntimeOptions {
  /** Journal and the cells' error log live here; made when absent. */
  readonly stateDir: string;
  readonly log: Log;
  readonly stallLimitMs?: number;
  readonly now?: () => number;
}

/** Makes the runtime of this machine, with what its journal remembers: see NodeRuntime. */
export function createNodeRuntime(options: NodeRuntimeOptions): NodeRuntime {
  return new Control(options);
}

class Control implements NodeRuntime {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #stallLimitMs: number;
  readonly #table = new WorkloadTable();
  readonly #spawner = new Spawner();
  readonly #logs: LogWriter;
  readonly #cells: CellPool;
  readonly #journal: Journal<JournalEntry>;
  readonly #errorFd: number;
  /** Guests by cell and number; the row of a guest that a cell speaks of. */
  readonly #guests = new Map<Cell, Map<number, WorkloadRow>>();
  /** Why control ended a cell, for the statuses of those that were in it. */
  readonly #reasons = new Map<Cell, (row: WorkloadRow) => string>();
  /** Output pipes still open, by workload; an exit is told when they are drained. */
  readonly #outputs = new Map<string, OutputPipes>();
  #lastGuest = 0;
  #closing: Promise<void> | undefined;

  constructor(options: NodeRuntimeOptions) {
    this.#log = options.log;
    this.#now = options.now ?? Date.now;
    this.#stallLimitMs = options.stallLimitMs ?? STALL_LIMIT_MS;
    mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
    const { journal, entries, isTorn } = Journal.open(join(options.stateDir, "node.journal"), readEntry);
    if (isTorn) options.log.warn("the journal's last line was cut off and is dropped");
    this.#journal = journal;
    this.#errorFd = openSync(join(options.stateDir, "cells.log"), "a", 0o600);
    this.#logs = new LogWriter(options.log);
    this.#cells = this.#createCellPool();
    this.#recall(replay(entries));
  }

  async createSandbox(spec: SandboxSpec): Promise<SandboxView> {
    this.#table.refuseSandbox(spec.id);
    const row = openSandbox(spec);
    const bound: SandboxSpec = { ...spec, listeners: viewOfSandbox(row).listeners };
    this.#record({ op: "sandbox", spec: bound });
    this.#table.addSandbox({ ...row, spec: bound });
    return viewOfSandbox(row);
  }

  async deleteSandbox(id: string): Promise<void> {
    const row = this.#table.findSandbox(id);
    if (row === undefined) return;
    const inside = this.#table.workloads().filter((workload) => workload.spec.sandboxId === id);
    await Promise.all(inside.map((workload) => this.#endAndForget(workload)));
    this.#record({ op: "sandbox-gone", id });
    this.#table.removeSandbox(id);
    for (const listener of row.listeners) closeSync(listener.fd);
    const isGroupEmpty = !this.#table.sandboxes().some((sandbox) => sandbox.group === row.spec.group);
    if (isGroupEmpty) await this.#cells.end(row.spec.group);
  }

  async createWorkload(spec: WorkloadSpec): Promise<WorkloadView> {
    const row = this.#table.addWorkload(spec);
    this.#record({ op: "workload", spec });
    return row.view;
  }

  async startWorkload(id: string): Promise<WorkloadView> {
    const row = this.#table.workload(id);
    this.#table.move(row, "start");
    try {
      await this.#start(row);
    } catch (error) {
      const { message } = KwasmError.from(error, `start "${id}"`);
      await this.#finishWhenDrained(row, { code: 126, reason: "StartError", message });
    }
    return row.view;
  }

  async killWorkload(id: string, signal: KillSignal): Promise<void> {
    const row = this.#table.workload(id);
    if (row.view.state === "exited") return;
    if (row.place === undefined) {
      this.#finish(row, verdictOfUnstarted(signal));
      return;
    }
    await this.#killGuest(row, row.place, signal);
  }

  async waitWorkload(id: string): Promise<ExitStatus> {
    return this.#table.workload(id).exited.promise;
  }

  async deleteWorkload(id: string): Promise<void> {
    const row = this.#table.workload(id);
    if (row.view.state === "running" || row.view.state === "starting") {
      throw new KwasmError("failed-precondition", `delete workload "${id}": it is still running; end it first`);
    }
    this.#record({ op: "workload-gone", id });
    this.#table.removeWorkload(id);
  }

  listSandboxes(): readonly SandboxView[] {
    return this.#table.sandboxes();
  }

  listWorkloads(): readonly WorkloadView[] {
    return this.#table.workloads().map((row) => row.view);
  }

  async statsOf(id: string): Promise<WorkloadStats> {
    const { place } = this.#table.workload(id);
    if (place === undefined) return { memoryBytes: 0 };
    return place.cell.request({ call: "stats", guest: place.guest });
  }

  onChange(listener: (view: WorkloadView) => void): () => void {
    return this.#table.onChange(listener);
  }

  listCells(): readonly { readonly group: string; readonly pid: number }[] {
    return this.#cells.running().map(({ group, pid }) => ({ group, pid }));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const { id } of this.#table.sandboxes()) await this.deleteSandbox(id);
    await this.#cells.close();
    await this.#logs.close();
    await this.#spawner.close();
    this.#journal.close();
    closeSync(this.#errorFd);
  }

  async #start(row: WorkloadRow): Promise<void> {
    const sandbox = this.#table.sandbox(row.spec.sandboxId);
    const cell = await this.#cells.cellOf(sandbox.spec.group);
    if (row.view.state !== "starting") return;
    const guest = ++this.#lastGuest;
    await this.#handOver(row, { cell, guest }, sandbox);
    if (this.#rowOf(cell, guest) === undefined) {
      // The cell refused it before it answered; its status is on its way.
      await row.exited.promise;
      return;
    }
    const startedAtMs = this.#now();
    this.#record({ op: "started", id: row.spec.id, atMs: startedAtMs });
    this.#table.move(row, "started", { startedAtMs });
  }

  /** Opens what the guest is granted, gives it to the cell and drops control's own copies. */
  async #handOver(row: WorkloadRow, place: { cell: Cell; guest: number }, sandbox: SandboxRow): Promise<void> {
    const output = this.#openOutput(row);
    try {
      const listenerFds = sandbox.listeners.map(({ fd }) => fd);
      const handover = prepareHandover(place.guest, row.spec, listenerFds, output ?? {});
      row.place = place;
      this.#guestsOf(place.cell).set(place.guest, row);
      try {
        await place.cell.request({ call: "start", guest: handover.order }, handover.descriptors);
      } finally {
        handover.close();
      }
    } finally {
      if (output !== undefined) closeOutput(output);
    }
  }

  #openOutput(row: WorkloadRow): OutputPipes | undefined {
    if (row.spec.output.kind === "discard") return undefined;
    const output = this.#logs.open(row.spec.output.path);
    this.#outputs.set(row.spec.id, output);
    return output;
  }

  async #killGuest(row: WorkloadRow, place: { cell: Cell; guest: number }, signal: KillSignal): Promise<void> {
    const timer = setTimeout(() => this.#endStuckCell(place.cell, row), KILL_ANSWER_MS);
    try {
      await place.cell.request({ call: "kill", guest: place.guest, signal });
    } catch (error) {
      // A cell that died meanwhile took the guest with it, which is what was asked for.
      if (KwasmError.from(error, "end a guest").code !== "unavailable") throw error;
    } finally {
      clearTimeout(timer);
    }
    await row.exited.promise;
  }

  #endStuckCell(cell: Cell, row: WorkloadRow): void {
    const culprit = this.#rowOf(cell, cell.runningGuest()) ?? row;
    this.#endCell(cell, culprit, "it had to be ended while a guest did not yield");
  }

  #endCell(cell: Cell, culprit: WorkloadRow | undefined, why: string): void {
    const name = culprit?.spec.id ?? "unknown";
    this.#log.warn("ending a cell", { group: cell.group, pid: cell.pid, culprit: name, why });
    this.#reasons.set(cell, (row) =>
      row === culprit ? `${why}; its cell was ended with it` : `its cell was ended because of "${name}": ${why}`,
    );
    cell.kill("SIGKILL");
  }

  async #endAndForget(row: WorkloadRow): Promise<void> {
    await this.killWorkload(row.spec.id, "SIGKILL");
    await row.exited.promise;
    await this.deleteWorkload(row.spec.id);
  }

  #createCellPool(): CellPool {
    return new CellPool({
      spawner: this.#spawner,
      log: this.#log,
      errorFd: this.#errorFd,
      stallLimitMs: this.#stallLimitMs,
      onGuestEnded: (cell, guest, outcome) => this.#guestEnded(cell, guest, outcome),
      onCellEnded: (cell, end) => this.#cellEnded(cell, end),
      onStall: (cell, guest) =>
        this.#endCell(
          cell,
          this.#rowOf(cell, guest),
          `it kept the thread for ${String(this.#stallLimitMs / 1000)} s without yielding`,
        ),
      isShared: (cell) => (this.#guests.get(cell)?.size ?? 0) > 1,
    });
  }

  #guestEnded(cell: Cell, guest: number, outcome: GuestOutcome): void {
    const row = this.#rowOf(cell, guest);
    if (row === undefined) return;
    this.#guests.get(cell)?.delete(guest);
    void this.#finishWhenDrained(row, verdictOfOutcome(outcome));
  }

  #cellEnded(cell: Cell, end: ProcessEnd): void {
    const why = this.#reasons.get(cell);
    for (const row of this.#guests.get(cell)?.values() ?? []) {
      void this.#finishWhenDrained(row, verdictOfCellEnd(end, cell.group, why?.(row)));
    }
    this.#guests.delete(cell);
    this.#reasons.delete(cell);
  }

  /** Tells an exit once the guest's last line is in its log: kubectl logs must be whole when the status says so. */
  async #finishWhenDrained(row: WorkloadRow, verdict: Verdict): Promise<void> {
    const output = this.#outputs.get(row.spec.id);
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, LOG_DRAIN_MS);
    await Promise.race([output?.drained, timeout.promise]);
    clearTimeout(timer);
    this.#outputs.delete(row.spec.id);
    this.#finish(row, verdict);
  }

  #finish(row: WorkloadRow, verdict: Verdict): void {
    if (row.view.state === "exited") return;
    const finishedAtMs = this.#now();
    const exit = { ...verdict, startedAtMs: row.view.startedAtMs ?? finishedAtMs, finishedAtMs };
    this.#record({ op: "exited", id: row.spec.id, exit });
    this.#table.move(row, "ended", { exit });
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

  /** Takes back what the journal remembers: sandboxes get their sockets again, what ran then is known to have ended. */
  #recall({ sandboxes, workloads }: Remembered): void {
    for (const spec of sandboxes.values()) {
      try {
        this.#table.addSandbox(openSandbox(spec));
      } catch (error) {
        this.#log.warn("a remembered sandbox is lost", { sandbox: spec.id, reason: String(error) });
      }
    }
    for (const { spec, startedAtMs, exit } of workloads.values()) {
      if (this.#table.findSandbox(spec.sandboxId) === undefined) continue;
      const row = this.#table.addWorkload(spec);
      if (exit === undefined && startedAtMs === undefined) continue;
      this.#table.move(row, "ended", { exit: exit ?? unknownEnd(startedAtMs ?? 0, this.#now()) });
    }
    this.#compact();
  }

  #compact(): void {
    const workloads = this.#table.workloads().map(({ spec, view }): [string, RememberedWorkload] => {
      const { startedAtMs, exit } = view;
      return [
        spec.id,
        { spec, ...(startedAtMs === undefined ? {} : { startedAtMs }), ...(exit === undefined ? {} : { exit }) },
      ];
    });
    const sandboxes = new Map(this.#table.sandboxSpecs().map((spec) => [spec.id, spec]));
    this.#journal.rewrite(entriesOf({ sandboxes, workloads: new Map(workloads) }));
  }

  #record(entry: JournalEntry): void {
    this.#journal.append(entry);
    if (this.#journal.isWorthRewriting(this.#table.workloads().length + this.#table.sandboxes().length)) {
      this.#compact();
    }
  }
}

/** What is said of a guest whose end nobody saw, in Kubernetes' words. */
function unknownEnd(startedAtMs: number, finishedAtMs: number): ExitStatus {
  const message = "the control process ended while it ran";
  return { code: 137, reason: "ContainerStatusUnknown", message, startedAtMs, finishedAtMs };
}

function openSandbox(spec: SandboxSpec): SandboxRow {
  const listeners: SandboxRow["listeners"][number][] = [];
  try {
    for (const { address, port } of spec.listeners) listeners.push(openListener(address, port));
    return { spec, listeners };
  } catch (error) {
    for (const listener of listeners) closeSync(listener.fd);
    throw error;
  }
}
