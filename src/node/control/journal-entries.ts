import type { ExitStatus, SandboxSpec, WorkloadLimits, WorkloadSpec } from "../workload.ts";

/** What control remembers over its own death. A sandbox is kept with the ports that it got. */
export type JournalEntry =
  | { readonly op: "sandbox"; readonly spec: SandboxSpec }
  | { readonly op: "sandbox-gone"; readonly id: string }
  | { readonly op: "workload"; readonly spec: WorkloadSpec }
  | { readonly op: "limits"; readonly id: string; readonly limits: WorkloadLimits }
  | { readonly op: "paused"; readonly id: string; readonly isPaused: boolean }
  | { readonly op: "input-closed"; readonly id: string }
  /** Its start is asked of a cell, from now on under this number. */
  | { readonly op: "placed"; readonly id: string; readonly cell: string; readonly guest: number }
  | { readonly op: "started"; readonly id: string; readonly atMs: number }
  | { readonly op: "exited"; readonly id: string; readonly exit: ExitStatus; readonly cpuNanoseconds: number }
  | { readonly op: "workload-gone"; readonly id: string };

export interface RememberedWorkload {
  spec: WorkloadSpec;
  isPaused?: boolean;
  isInputClosed?: boolean;
  place?: { readonly cell: string; readonly guest: number };
  startedAtMs?: number;
  exit?: ExitStatus;
  /** What it had computed at its end. */
  cpuNanoseconds?: number;
}

export interface Remembered {
  readonly sandboxes: Map<string, SandboxSpec>;
  readonly workloads: Map<string, RememberedWorkload>;
}

/** The journal is control's own file; its shape is trusted once it is an entry at all. */
export function readEntry(value: unknown): JournalEntry {
  if (typeof value !== "object" || value === null || !("op" in value)) throw new TypeError("a line is not an entry");
  if (!("id" in value) && !("spec" in value && hasId(value.spec))) throw new TypeError("an entry names nothing");
  return value as JournalEntry;
}

function hasId(spec: unknown): boolean {
  return typeof spec === "object" && spec !== null && "id" in spec;
}

/** Folds a journal into what was true at its end. */
export function replay(entries: readonly JournalEntry[]): Remembered {
  const remembered: Remembered = { sandboxes: new Map(), workloads: new Map() };
  for (const entry of entries) applyEntry(remembered, entry);
  return remembered;
}

function applyEntry({ sandboxes, workloads }: Remembered, entry: JournalEntry): void {
  switch (entry.op) {
    case "sandbox":
      sandboxes.set(entry.spec.id, entry.spec);
      return;
    case "sandbox-gone":
      sandboxes.delete(entry.id);
      return;
    case "workload":
      workloads.set(entry.spec.id, { spec: entry.spec });
      return;
    case "limits": {
      const workload = workloads.get(entry.id);
      if (workload !== undefined) workload.spec = { ...workload.spec, ...entry.limits };
      return;
    }
    case "paused": {
      const workload = workloads.get(entry.id);
      if (workload !== undefined) workload.isPaused = entry.isPaused;
      return;
    }
    case "input-closed": {
      const workload = workloads.get(entry.id);
      if (workload !== undefined) workload.isInputClosed = true;
      return;
    }
    case "placed": {
      const workload = workloads.get(entry.id);
      if (workload !== undefined) workload.place = { cell: entry.cell, guest: entry.guest };
      return;
    }
    case "started": {
      const workload = workloads.get(entry.id);
      if (workload !== undefined) workload.startedAtMs = entry.atMs;
      return;
    }
    case "exited": {
      const workload = workloads.get(entry.id);
      if (workload !== undefined) Object.assign(workload, { exit: entry.exit, cpuNanoseconds: entry.cpuNanoseconds });
      return;
    }
    case "workload-gone":
      workloads.delete(entry.id);
  }
}

/** The shortest journal that replays to `remembered`. */
export function entriesOf({ sandboxes, workloads }: Remembered): JournalEntry[] {
  const entries: JournalEntry[] = [...sandboxes.values()].map((spec) => ({ op: "sandbox", spec }));
  for (const { spec, isPaused, isInputClosed, place, startedAtMs, exit, cpuNanoseconds } of workloads.values()) {
    entries.push({ op: "workload", spec });
    if (isPaused !== undefined) entries.push({ op: "paused", id: spec.id, isPaused });
    if (isInputClosed === true) entries.push({ op: "input-closed", id: spec.id });
    if (place !== undefined) entries.push({ op: "placed", id: spec.id, ...place });
    if (startedAtMs !== undefined) entries.push({ op: "started", id: spec.id, atMs: startedAtMs });
    if (exit !== undefined) entries.push({ op: "exited", id: spec.id, exit, cpuNanoseconds: cpuNanoseconds ?? 0 });
  }
  return entries;
}
