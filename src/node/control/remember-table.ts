import { unknownEnd } from "./exit-status.ts";
import type { Remembered, RememberedWorkload } from "./journal-entries.ts";
import type { WorkloadRow, WorkloadTable } from "./workload-table.ts";

/** What the next control needs to know of the table. */
export function rememberTable(table: WorkloadTable): Remembered {
  return {
    sandboxes: new Map(table.sandboxRows().map(({ spec }) => [spec.id, spec])),
    workloads: new Map(table.workloads().map((row) => [row.spec.id, rememberRow(row)])),
  };
}

function rememberRow({ spec, view, journalled, usage, isInputClosed }: WorkloadRow): RememberedWorkload {
  const { isPaused, startedAtMs, exit } = view;
  return {
    spec,
    ...(journalled === undefined ? {} : { place: journalled }),
    ...(isPaused === undefined ? {} : { isPaused }),
    ...(isInputClosed ? { isInputClosed } : {}),
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(exit === undefined ? {} : { exit, cpuNanoseconds: usage.cpuNanoseconds }),
  };
}

interface RecallFacts {
  /** Whether the cell is there in which it was placed. */
  readonly hasCell: boolean;
  readonly now: number;
}

/**
 * Puts what is remembered of a workload back into the table. It has a place where its guest may still run, and is to be
 * asked for; what ran in a cell that is gone is known to have ended.
 */
export function recallRow(table: WorkloadTable, remembered: RememberedWorkload, facts: RecallFacts): WorkloadRow {
  const { spec, place, startedAtMs, exit, cpuNanoseconds = 0, isInputClosed = false } = remembered;
  const row = table.addWorkload(spec);
  row.usage = { cpuNanoseconds, memoryBytes: 0 };
  row.isInputClosed = isInputClosed;
  if (exit === undefined && place !== undefined && facts.hasCell) {
    row.journalled = place;
    markRunning(table, row, remembered);
  } else if (exit !== undefined || startedAtMs !== undefined) {
    table.move(row, "ended", { exit: exit ?? unknownEnd(startedAtMs ?? 0, facts.now) });
  }
  return row;
}

/** One whose start was not told yet is as if created, until its cell says more. */
function markRunning(table: WorkloadTable, row: WorkloadRow, { startedAtMs, isPaused }: RememberedWorkload): void {
  if (startedAtMs === undefined) return;
  table.move(row, "start");
  table.move(row, "started", { startedAtMs, ...(isPaused === undefined ? {} : { isPaused }) });
}
