import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { type Clock, KwasmError, type Log, systemClock } from "#base";

import type {
  CellPlaces,
  ExitStatus,
  Inspection,
  InspectionSpec,
  KillSignal,
  NodeRuntime,
  SandboxSpec,
  SandboxView,
  WorkloadLimits,
  WorkloadSpec,
  WorkloadStats,
  WorkloadView,
} from "../workload.ts";
import type { AdoptedGuest } from "./cell-adoption.ts";
import { type CellHost, localHost } from "./cell-host.ts";
import { type Verdict, verdictOfUnstarted } from "./exit-status.ts";
import { Journal } from "./journal.ts";
import {
  entriesOf,
  type JournalEntry,
  readEntry,
  type Remembered,
  type RememberedWorkload,
  replay,
} from "./journal-entries.ts";
import { closeListeners, listenersName, openSandbox } from "./open-sandbox.ts";
import { recallRow, rememberTable } from "./remember-table.ts";
import { Placement } from "./placement.ts";
import { changeLimits, changePause } from "./workload-changes.ts";
import { type SandboxRow, viewOfSandbox, type WorkloadRow, WorkloadTable } from "./workload-table.ts";

/** A guest that keeps a shared cell's thread for so long is ended together with the cell. */
const STALL_LIMIT_MS = 10_000;
export interface NodeRuntimeOptions {
  /** Journal and the cells' error log live here; made when absent. */
  readonly stateDir: string;
  readonly log: Log;
  readonly stallLimitMs?: number;
  /** Where cells are counted; by default where this process is. */
  readonly places?: CellPlaces;
  readonly clock?: Clock;
  /** Who starts cells; by default nothing outlives this process. */
  readonly host?: CellHost;
}

/** How long the end of a guest whose start was under way waits to hear from its cell whether it runs. */
const FOUND_MS_MAX = 1_000;

function patience(): Promise<void> {
  return sleep(FOUND_MS_MAX, undefined, { ref: false });
}

/** Makes the runtime of this machine, with what its journal remembers: see NodeRuntime. */
export function createNodeRuntime(options: NodeRuntimeOptions): NodeRuntime {
  return new Control(options);
}

class Control implements NodeRuntime {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #table = new WorkloadTable();
  readonly #placement: Placement;
  readonly #journal: Journal<JournalEntry>;
  readonly #errorFd: number;
  readonly #host: CellHost;
  /** Sandboxes on their way out: two that delete one at a time must not close its descriptors twice. */
  readonly #deletions = new Map<string, Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(options: NodeRuntimeOptions) {
    this.#log = options.log;
    this.#clock = options.clock ?? systemClock;
    mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
    const path = join(options.stateDir, "node.journal");
    const { journal, entries, isTorn } = Journal.openOrBegin(path, readEntry, options.log);
    if (isTorn) options.log.warn("the journal's last line was cut off and is dropped");
    this.#journal = journal;
    this.#host = options.host ?? localHost();
    this.#errorFd = openSync(join(options.stateDir, "cells.log"), "a", 0o600);
    this.#placement = new Placement({
      clock: this.#clock,
      log: options.log,
      errorFd: this.#errorFd,
      stallLimitMs: options.stallLimitMs ?? STALL_LIMIT_MS,
      host: this.#host,
      onPlaced: (row, place) => {
        row.journalled = place;
        this.#record({ op: "placed", id: row.spec.id, ...place });
      },
      onFound: (row) => this.#found(row),
      sandboxOf: (row) => this.#table.sandbox(row.spec.sandboxId),
      ...(options.places === undefined ? {} : { places: options.places }),
      onEnded: (row, verdict) => this.#finish(row, verdict),
    });
    this.#adopt(this.#recall(replay(entries))).catch((error: unknown) => {
      options.log.error("what an earlier control left was not taken over in full", { reason: String(error) });
    });
  }

  async createSandbox(spec: SandboxSpec): Promise<SandboxView> {
    this.#table.refuseSandbox(spec.id);
    const row = openSandbox(spec);
    await this.#keepListeners(row);
    const bound: SandboxSpec = { ...spec, listeners: viewOfSandbox(row).listeners };
    try {
      this.#record({ op: "sandbox", spec: bound });
    } catch (error) {
      this.#closeListeners(row);
      throw error;
    }
    this.#table.addSandbox({ ...row, spec: bound });
    return viewOfSandbox(row);
  }

  async deleteSandbox(id: string): Promise<void> {
    const row = this.#table.findSandbox(id);
    if (row === undefined) return;
    const under = this.#deletions.get(id) ?? this.#deleteSandbox(row).finally(() => this.#deletions.delete(id));
    this.#deletions.set(id, under);
    await under;
  }

  async createWorkload(spec: WorkloadSpec): Promise<WorkloadView> {
    if (this.#deletions.has(spec.sandboxId)) {
      throw new KwasmError(
        "failed-precondition",
        `create workload "${spec.id}": sandbox "${spec.sandboxId}" is being deleted`,
      );
    }
    const row = this.#table.addWorkload(spec);
    try {
      this.#record({ op: "workload", spec });
    } catch (error) {
      this.#table.removeWorkload(spec.id);
      throw error;
    }
    return row.view;
  }

  async startWorkload(id: string): Promise<WorkloadView> {
    const row = this.#table.workload(id);
    // Its start may have been heard already, when an earlier control asked for it.
    if ((await this.#isFound(row)) && row.view.state !== "created") return row.view;
    this.#table.move(row, "start");
    if (!(await this.#placement.start(row, this.#table.sandbox(row.spec.sandboxId)))) {
      // Refused before its first instruction; its status is on its way.
      await row.exited.promise;
      return row.view;
    }
    this.#markStarted(row);
    return row.view;
  }

  async killWorkload(id: string, signal: KillSignal): Promise<void> {
    const row = this.#table.workload(id);
    // A cell that does not answer is ended with its guest below.
    if (row.view.state === "created") await Promise.race([this.#isFound(row), patience()]);
    if (row.view.state === "exited") return;
    if (row.place === undefined) this.#finish(row, verdictOfUnstarted(signal));
    else await this.#placement.kill(row, signal);
  }

  async waitWorkload(id: string): Promise<ExitStatus> {
    return this.#table.workload(id).exited.promise;
  }

  async deleteWorkload(id: string): Promise<void> {
    const row = this.#table.workload(id);
    if (row.view.state === "created") await this.#isFound(row);
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

  specOf(id: string): WorkloadSpec {
    return this.#table.workload(id).spec;
  }

  statsOf(id: string): WorkloadStats {
    const row = this.#table.workload(id);
    const { memoryBytesMax, cpu = {} } = row.spec;
    const { memoryBytes, cpuNanoseconds } = this.#placement.usageOf(row);
    return { memoryBytes: row.view.state === "running" ? memoryBytes : 0, memoryBytesMax, cpuNanoseconds, cpu };
  }

  async limitWorkload(id: string, limits: WorkloadLimits): Promise<void> {
    const { memoryBytes } = this.statsOf(id);
    await changeLimits(this.#table.workload(id), limits, { memoryBytes, record: (entry) => this.#record(entry) });
  }

  pauseWorkload(id: string): Promise<void> {
    return changePause(this.#table.workload(id), true, { table: this.#table, record: (entry) => this.#record(entry) });
  }

  resumeWorkload(id: string): Promise<void> {
    return changePause(this.#table.workload(id), false, { table: this.#table, record: (entry) => this.#record(entry) });
  }

  async closeInput(id: string): Promise<void> {
    const row = this.#table.workload(id);
    if (row.isInputClosed) return;
    this.#record({ op: "input-closed", id });
    this.#placement.closeInput(row);
  }

  async inspect(id: string, spec: InspectionSpec): Promise<Inspection> {
    const row = this.#table.workload(id);
    if (row.view.state === "running") {
      return this.#placement.inspect(row, this.#table.sandbox(row.spec.sandboxId), spec);
    }
    throw new KwasmError("failed-precondition", `look into workload "${id}": it is "${row.view.state}", not running`);
  }

  onChange(listener: (view: WorkloadView) => void): () => void {
    return this.#table.onChange(listener);
  }

  listCells(): readonly { readonly group: string; readonly pid: number }[] {
    return this.#placement.listCells();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const { id } of this.#table.sandboxes()) {
      await this.deleteSandbox(id).catch((error: unknown) => {
        // Its cell ends below in any case, and the others are to be closed as well.
        this.#log.error("delete a sandbox failed", { sandbox: id, reason: String(error) });
      });
    }
    await this.#placement.close();
    this.#journal.close();
    closeSync(this.#errorFd);
  }

  async #deleteSandbox(row: SandboxRow): Promise<void> {
    const { id } = row.spec;
    const inside = this.#table.workloads().filter((workload) => workload.spec.sandboxId === id);
    await Promise.all(inside.map((workload) => this.#endAndForget(workload)));
    this.#record({ op: "sandbox-gone", id });
    this.#table.removeSandbox(id);
    this.#closeListeners(row);
    await this.#placement.leave(row, this.#table.sandboxRows());
  }

  async #endAndForget(row: WorkloadRow): Promise<void> {
    await this.killWorkload(row.spec.id, "SIGKILL");
    await row.exited.promise;
    await this.deleteWorkload(row.spec.id);
  }

  #finish(row: WorkloadRow, verdict: Verdict): void {
    if (row.view.state === "exited") return;
    const finishedAtMs = this.#clock.nowMs();
    const exit = { ...verdict, startedAtMs: row.view.startedAtMs ?? finishedAtMs, finishedAtMs };
    this.#note({ op: "exited", id: row.spec.id, exit, cpuNanoseconds: row.usage.cpuNanoseconds });
    this.#table.move(row, "ended", { exit });
  }

  #markStarted(row: WorkloadRow): void {
    const startedAtMs = this.#clock.nowMs();
    this.#note({ op: "started", id: row.spec.id, atMs: startedAtMs });
    this.#table.move(row, "started", { startedAtMs });
  }

  /** Whether an earlier control had placed the workload; what became of it is in its row then. */
  async #isFound(row: WorkloadRow): Promise<boolean> {
    const adoption = this.#placement.adoptionOf(row);
    if (adoption === undefined) return false;
    await adoption;
    return true;
  }

  /** A guest whose start an earlier control had asked for, and did not live to hear of, runs. */
  #found(row: WorkloadRow): void {
    if (row.view.state !== "created") return;
    this.#table.move(row, "start");
    this.#markStarted(row);
  }

  async #adopt(placed: readonly AdoptedGuest[]): Promise<void> {
    const answers = this.#placement.adopt(placed);
    // At once, and not when all have answered: a guest that does not yield keeps its cell from it.
    const unused = this.#placement.endUnused(this.#table.sandboxRows());
    // What is left belonged to something that was never written down, or is gone.
    for (const [name, descriptors] of this.#host.inherited.descriptors) {
      for (const descriptor of descriptors) closeSync(descriptor);
      await this.#host.drop(name);
    }
    await Promise.all([answers, unused]);
  }

  async #keepListeners({ spec, listeners }: SandboxRow): Promise<void> {
    if (listeners.length === 0) return;
    await this.#host.keep(
      listenersName(spec),
      listeners.map(({ fd }) => fd),
    );
  }

  #closeListeners(row: SandboxRow): void {
    closeListeners(row);
    if (row.listeners.length === 0) return;
    this.#host.drop(listenersName(row.spec)).catch((error: unknown) => {
      this.#log.warn("let go of a sandbox's sockets failed", { sandbox: row.spec.id, reason: String(error) });
    });
  }

  /** The sockets that an earlier control opened, with the connections that wait in them; else new ones. */
  #reopenSandbox(spec: SandboxSpec): SandboxRow {
    const name = listenersName(spec);
    const descriptors = this.#host.inherited.descriptors.get(name);
    if (descriptors?.length !== spec.listeners.length) {
      const row = openSandbox(spec);
      this.#keepListeners(row).catch((error: unknown) => {
        this.#log.warn("hold a sandbox's sockets failed", { sandbox: spec.id, reason: String(error) });
      });
      return row;
    }
    this.#host.inherited.descriptors.delete(name);
    return {
      spec,
      listeners: spec.listeners.map((listener, index) => ({ ...listener, fd: descriptors[index] ?? -1 })),
    };
  }

  /**
   * Takes back what the journal remembers: sandboxes get their sockets again, and what ran then runs on where its cell
   * was kept, or is known to have ended. Answers the guests that are to be asked for.
   */
  #recall({ sandboxes, workloads }: Remembered): AdoptedGuest[] {
    for (const spec of sandboxes.values()) {
      try {
        this.#table.addSandbox(this.#reopenSandbox(spec));
      } catch (error) {
        this.#log.warn("a remembered sandbox is lost", { sandbox: spec.id, reason: String(error) });
      }
    }
    const placed = [...workloads.values()].flatMap((workload) => this.#recallWorkload(workload));
    this.#compact();
    return placed;
  }

  #recallWorkload(remembered: RememberedWorkload): AdoptedGuest[] {
    const sandbox = this.#table.findSandbox(remembered.spec.sandboxId);
    if (sandbox === undefined) return [];
    const hasCell = this.#host.inherited.processes.some(({ process }) => process.name === remembered.place?.cell);
    const row = recallRow(this.#table, remembered, { hasCell, now: this.#clock.nowMs() });
    if (row.view.state === "exited") void this.#placement.finishOutput(row);
    return row.journalled === undefined ? [] : [{ row, sandbox, place: row.journalled }];
  }

  #compact(): void {
    this.#journal.rewrite(entriesOf(rememberTable(this.#table)));
  }

  #record(entry: JournalEntry): void {
    this.#journal.append(entry);
    if (!this.#journal.isWorthRewriting(this.#table.rowCount)) return;
    try {
      this.#compact();
    } catch (error) {
      // The long journal says the same, and the next entry tries again.
      this.#log.warn("rewrite the journal failed", { reason: String(error) });
    }
  }

  /**
   * Records what has happened already. A guest can fill the disk that the journal is on, and must not end control by
   * it: without the entry the next control says that nobody saw the guest's end.
   */
  #note(entry: JournalEntry): void {
    try {
      this.#record(entry);
    } catch (error) {
      this.#log.error("write the journal failed", { op: entry.op, reason: String(error) });
    }
  }
}
