import { rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { KwasmError } from "#base";

import type { CellPlace } from "../workload.ts";
import { makeCgroup } from "./cgroup-hierarchies.ts";

/**
 * Moves a cell into cgroups of its own below those of its place, and sets how soon the kernel ends it for want of
 * memory. Never throws: a cell serves all the same, and what could not be done is answered for the log.
 */
export function settleCell(pid: number, { cgroups, oomScoreAdj }: CellPlace): readonly string[] {
  const complaints: string[] = [];
  for (const cgroup of cgroups) {
    attempt(`count a cell in "${cgroup}"`, complaints, () => {
      writeFileSync(join(makeCgroup(cgroup, nameOf(pid)), "cgroup.procs"), `${String(pid)}\n`);
    });
  }
  attempt(`set a cell's oom_score_adj to "${String(oomScoreAdj)}"`, complaints, () => {
    writeFileSync(`/proc/${String(pid)}/oom_score_adj`, `${String(oomScoreAdj)}\n`);
  });
  return complaints;
}

/** Removes the cgroups of a cell that has ended. */
export function removeCellCgroups(pid: number, { cgroups }: CellPlace): void {
  for (const cgroup of cgroups) {
    // One that was never made, or one that a process which the cell left behind is in: they go with those above.
    attempt("remove a cell's cgroup", [], () => rmdirSync(join(cgroup, nameOf(pid))));
  }
}

/** No two cells have it at the same time. */
function nameOf(pid: number): string {
  return `kwasm-cell-${String(pid)}`;
}

function attempt(action: string, complaints: string[], run: () => void): void {
  try {
    run();
  } catch (error) {
    complaints.push(KwasmError.from(error, action).message);
  }
}
