import type { ExitStatus, SandboxSpec, WorkloadSpec } from "../workload.ts";

/** What control remembers over its own death. A sandbox is kept with the ports that it got. */
export type JournalEntry =
  | { readonly op: "sandbox"; readonly spec: SandboxSpec }
  | { readonly op: "sandbox-gone"; readonly id: string }
  | { readonly op: "workload"; readonly spec: WorkloadSpec }
  | { readonly op: "started"; readonly id: string; readonly atMs: number }
  | { readonly op: "exited"; readonly id: string; readonly exit: ExitStatus }
  | { readonly op: "workload-gone"; readonly id: string };

export interface RememberedWorkload {
  readonly spec: WorkloadSpec;
  startedAtMs?: number;
  exit?: ExitStatus;
}

export interface Remembered {
  readonly sandboxes: Map<string, SandboxSpec>;
  readonly workloads: Map<string, RememberedWorkload>;
}

/** The journal is control's own file; its shape is trusted once it is an entry at all. */
export function readEntry(value: unknown): JournalEntry {
  if (typeof value !== "object" || value === null || !("op" in value)) throw new TypeError("a line is not an entry");
  return value as JournalEntry;
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
    case "started": {
      const workload = workloads.get(entry.id);
      if (workload !== undefined) workload.startedAtMs = entry.atMs;
      return;
    }
    case "exited": {
      const workload = workloads.get(entry.id);
      if (workload !== undefined) workload.exit = entry.exit;
      return;
    }
    case "workload-gone":
      workloads.delete(entry.id);
  }
}

/** The shortest journal that replays to `remembered`. */
export function entriesOf({ sandboxes, workloads }: Remembered): JournalEntry[] {
  const entries: JournalEntry[] = [...sandboxes.values()].map((spec) => ({ op: "sandbox", spec }));
  for (const { spec, startedAtMs, exit } of workloads.values()) {
    entries.push({ op: "workload", spec });
    if (startedAtMs !== undefined) entries.push({ op: "started", id: spec.id, atMs: startedAtMs });
    if (exit !== undefined) entries.push({ op: "exited", id: spec.id, exit });
  }
  return entries;
}
