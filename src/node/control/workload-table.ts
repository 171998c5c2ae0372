import { KwasmError } from "#base";

import type { GuestUsage } from "../channel/index.ts";
import type { ExitStatus, SandboxSpec, SandboxView, WorkloadSpec, WorkloadView } from "../workload.ts";
import type { BoundListener } from "../syscall/listener.ts";
import type { Cell } from "./cell.ts";
import { transition, type WorkloadEvent } from "./workload-state.ts";

/** Rows that a machine may hold, a bound on memory: pods of as many guests as one cell has room for, some with more than one. */
const SANDBOXES_MAX = 16_384;
const WORKLOADS_MAX = 32_768;
/**
 * What one workload may be written as, JSON: Linux gives a program as much for its arguments and environment. A cell is
 * told of it in one line and the journal keeps it in one, and both take LINE_BYTES_MAX.
 */
export const SPEC_BYTES_MAX = 2 * 1024 * 1024;

export interface SandboxRow {
  readonly spec: SandboxSpec;
  readonly listeners: readonly BoundListener[];
}

/** Where a guest runs. */
export interface Place {
  readonly cell: Cell;
  readonly guest: number;
  /** CLOCK_MONOTONIC when its start was asked, nanoseconds: it has not computed for longer than since then. */
  readonly sinceNs: number;
}

export interface WorkloadRow {
  /** Its limits may change. */
  spec: WorkloadSpec;
  view: WorkloadView;
  /** Where it runs, from the moment its start was asked of a cell. */
  place?: Place;
  /** The same, as the journal has it: the cell by its host's name for it. */
  journalled?: { readonly cell: string; readonly guest: number };
  readonly exited: PromiseWithResolvers<ExitStatus>;
  /** Nobody will write to its standard input any more. */
  isInputClosed: boolean;
  /** What it had used when that was last read. */
  usage: GuestUsage;
}

/**
 * Control's state table: everything that is asked of control is answered from it. Changes are told to listeners in
 * the order in which they happen.
 */
export class WorkloadTable {
  readonly #sandboxes = new Map<string, SandboxRow>();
  readonly #workloads = new Map<string, WorkloadRow>();
  readonly #listeners = new Set<(view: WorkloadView) => void>();

  addSandbox(row: SandboxRow): void {
    this.#sandboxes.set(row.spec.id, row);
  }

  /** Throws where no further sandbox may be made, before anything was opened for it. */
  refuseSandbox(id: string): void {
    if (this.#sandboxes.has(id)) {
      throw new KwasmError("already-exists", `create sandbox "${id}": there is one of that name`);
    }
    if (this.#sandboxes.size >= SANDBOXES_MAX) throw tooMany("sandbox", id, SANDBOXES_MAX);
  }

  sandbox(id: string): SandboxRow {
    const row = this.#sandboxes.get(id);
    if (row === undefined) throw new KwasmError("not-found", `sandbox "${id}" is not there`);
    return row;
  }

  findSandbox(id: string): SandboxRow | undefined {
    return this.#sandboxes.get(id);
  }

  removeSandbox(id: string): void {
    this.#sandboxes.delete(id);
  }

  addWorkload(spec: WorkloadSpec): WorkloadRow {
    if (this.#workloads.has(spec.id)) {
      throw new KwasmError("already-exists", `create workload "${spec.id}": there is one of that name`);
    }
    if (this.#workloads.size >= WORKLOADS_MAX) throw tooMany("workload", spec.id, WORKLOADS_MAX);
    const bytes = Buffer.byteLength(JSON.stringify(spec));
    if (bytes > SPEC_BYTES_MAX) throw tooLong(spec.id, bytes);
    this.sandbox(spec.sandboxId);
    const view: WorkloadView = { id: spec.id, sandboxId: spec.sandboxId, state: "created" };
    const row: WorkloadRow = {
      spec,
      view,
      exited: Promise.withResolvers(),
      usage: noUsage,
      isInputClosed: false,
    };
    this.#workloads.set(spec.id, row);
    this.#tell(view);
    return row;
  }

  workload(id: string): WorkloadRow {
    const row = this.#workloads.get(id);
    if (row === undefined) throw new KwasmError("not-found", `workload "${id}" is not there`);
    return row;
  }

  removeWorkload(id: string): void {
    this.#workloads.delete(id);
  }

  /** Moves a workload along the closed table; false where the event changes nothing. */
  move(row: WorkloadRow, event: WorkloadEvent, facts: Partial<WorkloadView> = {}): boolean {
    const state = transition(row.view.state, event);
    if (state === undefined) return false;
    row.view = { ...row.view, ...facts, state };
    if (row.view.exit !== undefined) row.exited.resolve(row.view.exit);
    this.#tell(row.view);
    return true;
  }

  setPaused(row: WorkloadRow, isPaused: boolean): void {
    row.view = { ...row.view, isPaused };
    this.#tell(row.view);
  }

  /** Of sandboxes and workloads together. */
  get rowCount(): number {
    return this.#sandboxes.size + this.#workloads.size;
  }

  workloads(): WorkloadRow[] {
    return [...this.#workloads.values()];
  }

  sandboxes(): SandboxView[] {
    return [...this.#sandboxes.values()].map(viewOfSandbox);
  }

  sandboxRows(): SandboxRow[] {
    return [...this.#sandboxes.values()];
  }

  onChange(listener: (view: WorkloadView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(view: WorkloadView): void {
    for (const listener of this.#listeners) listener(view);
  }
}

const noUsage: GuestUsage = { cpuNanoseconds: 0, memoryBytes: 0 };

export function viewOfSandbox(row: SandboxRow): SandboxView {
  const listeners = row.listeners.map(({ fd: _fd, ...listener }) => listener);
  return { id: row.spec.id, group: row.spec.group, listeners };
}

function tooMany(kind: string, id: string, max: number): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `create ${kind} "${id}": this machine holds ${String(max)} at most; delete some first`,
  );
}

function tooLong(id: string, bytes: number): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `create workload "${id}": its arguments, environment and mounts have "${String(bytes)}" bytes, ` +
      `at most "${String(SPEC_BYTES_MAX)}" are passed on; put long values into a file that is mounted`,
  );
}
