import { KwasmError } from "#base";

import type { WorkloadLimits } from "../workload.ts";
import { tellLimit, tellPause } from "./guest-changes.ts";
import type { JournalEntry } from "./journal-entries.ts";
import type { WorkloadRow, WorkloadTable } from "./workload-table.ts";

/** Writes down what is about to change; nothing has changed where it throws. */
type Record = (entry: JournalEntry) => void;

/** See NodeRuntime. `memoryBytes` is what the guest has now. */
export async function changeLimits(
  row: WorkloadRow,
  limits: WorkloadLimits,
  { memoryBytes, record }: { readonly memoryBytes: number; readonly record: Record },
): Promise<void> {
  const { id } = row.spec;
  if (row.view.state === "exited") {
    throw new KwasmError("failed-precondition", `change the limits of workload "${id}": it has ended`);
  }
  const { memoryBytesMax = row.spec.memoryBytesMax } = limits;
  if (memoryBytesMax < memoryBytes) throw belowUse(id, memoryBytesMax, memoryBytes);
  const isNewCap = memoryBytesMax !== row.spec.memoryBytesMax;
  record({ op: "limits", id, limits });
  row.spec = { ...row.spec, ...limits };
  if (isNewCap) await tellLimit(row);
}

/** See NodeRuntime. */
export async function changePause(
  row: WorkloadRow,
  isPaused: boolean,
  { table, record }: { readonly table: WorkloadTable; readonly record: Record },
): Promise<void> {
  const { id } = row.spec;
  if (row.view.state !== "running") {
    const action = `${isPaused ? "pause" : "resume"} workload "${id}"`;
    throw new KwasmError("failed-precondition", `${action}: it is "${row.view.state}"; only one that runs is paused`);
  }
  if ((row.view.isPaused ?? false) === isPaused) return;
  record({ op: "paused", id, isPaused });
  table.setPaused(row, isPaused);
  await tellPause(row);
}

function belowUse(id: string, memoryBytesMax: number, memoryBytes: number): KwasmError {
  return new KwasmError(
    "failed-precondition",
    `limit workload "${id}" to "${String(memoryBytesMax)}" bytes of memory: it has "${String(memoryBytes)}" already and ` +
      "cannot give them back; start it again with the new limit",
  );
}
