import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";

import { KwasmError, type Log } from "#base";

import { openListener } from "../syscall/listener.ts";
import { runInNetworkNamespace } from "../syscall/network-namespace.ts";
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
import { Placement } from "./placement.ts";
import { type SandboxRow, viewOfSandbox, type WorkloadRow, WorkloadTable } from "./workload-table.ts";

/** A guest that keeps a shared cell's thread for so long is ended together with the cell. */
const STALL_LIMIT_MS = 10_000;
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
  readonly #table = new WorkloadTable();
  readonly #placement: Placement;
  readonly #journal: Journal<JournalEntry>;
  readonly #errorFd: number;
  /** Sandboxes on their way out: two that delete one at a time must not close its descriptors twice. */
  readonly #deletions = new Map<string, Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(options: NodeRuntimeOptions) {
    this.#log = options.log;
    this.#now = options.now ?? Date.now;
    mkdirSync(options.stateDir, { recursive: true, mode: 0o700 });
    const { journal, entries, isTorn } = Journal.open(join(options.stateDir, "node.journal"), readEntry);
    if (isTorn) options.log.warn("the journal's last line was cut off and is dropped");
    this.#journal = journal;
    this.#errorFd = openSync(join(options.stateDir, "cells.log"), "a", 0o600);
    this.#placement = new Placement({
      log: options.log,
      errorFd: this.#errorFd,
      stallLimitMs: options.stallLimitMs ?? STALL_LIMIT_MS,
      onEnded: (row, verdict) => this.#finish(row, verdict),
    });
    this.#recall(replay(entries));
  }

  async createSandbox(spec: SandboxSpec): Promise<SandboxView> {
    this.#table.refuseSandbox(spec.id);
    const row = openSandbox(spec);
    const bound: SandboxSpec = { ...spec, listeners: viewOfSandbox(row).listeners };
    try {
      this.#record({ op: "sandbox", spec: bound });
    } catch (error) {
      closeListeners(row);
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
    this.#table.move(row, "start");
    if (!(await this.#placement.start(row, this.#table.sandbox(row.spec.sandboxId)))) {
      // Refused before its first instruction; its status is on its way.
      await row.exited.promise;
      return row.view;
    }
    const startedAtMs = this.#now();
    this.#note({ op: "started", id, atMs: startedAtMs });
    this.#table.move(row, "started", { startedAtMs });
    return row.view;
  }

  async killWorkload(id: string, signal: KillSignal): Promise<void> {
    const row = this.#table.workload(id);
    if (row.view.state === "exited") return;
    if (row.place === undefined) this.#finish(row, verdictOfUnstarted(signal));
    else await this.#placement.kill(row, signal);
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
    return { memoryBytes: await this.#placement.memoryBytesOf(this.#table.workload(id)) };
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
    const { id, group } = row.spec;
    const inside = this.#table.workloads().filter((workload) => workload.spec.sandboxId === id);
    await Promise.all(inside.map((workload) => this.#endAndForget(workload)));
    this.#record({ op: "sandbox-gone", id });
    this.#table.removeSandbox(id);
    closeListeners(row);
    const isLastOfGroup = !this.#table.sandboxes().some((sandbox) => sandbox.group === group);
    await this.#placement.leave(row, isLastOfGroup);
  }

  async #endAndForget(row: WorkloadRow): Promise<void> {
    await this.killWorkload(row.spec.id, "SIGKILL");
    await row.exited.promise;
    await this.deleteWorkload(row.spec.id);
  }

  #finish(row: WorkloadRow, verdict: Verdict): void {
    if (row.view.state === "exited") return;
    const finishedAtMs = this.#now();
    const exit = { ...verdict, startedAtMs: row.view.startedAtMs ?? finishedAtMs, finishedAtMs };
    this.#note({ op: "exited", id: row.spec.id, exit });
    this.#table.move(row, "ended", { exit });
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
    if (!this.#journal.isWorthRewriting(this.#table.workloads().length + this.#table.sandboxes().length)) return;
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

/** What is said of a guest whose end nobody saw, in Kubernetes' words. */
function unknownEnd(startedAtMs: number, finishedAtMs: number): ExitStatus {
  const message = "the control process ended while it ran";
  return { code: 137, reason: "ContainerStatusUnknown", message, startedAtMs, finishedAtMs };
}

function openSandbox(spec: SandboxSpec): SandboxRow {
  const listeners: SandboxRow["listeners"][number][] = [];
  try {
    openInPlace(spec.networkNamespace, () => {
      for (const { address, port } of spec.listeners) listeners.push(openListener(address, port));
    });
    return { spec, listeners };
  } catch (error) {
    closeListeners({ listeners });
    throw error;
  }
}

function closeListeners({ listeners }: Pick<SandboxRow, "listeners">): void {
  for (const { fd } of listeners) closeSync(fd);
}

function openInPlace(networkNamespace: string | undefined, open: () => void): void {
  if (networkNamespace === undefined) open();
  else runInNetworkNamespace(networkNamespace, open);
}
