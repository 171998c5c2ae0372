import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { KwasmError, type Log } from "#base";

import type { CellPlace, CellPlaces, SandboxSpec } from "../workload.ts";
import { type CgroupHierarchy, makeCgroup, readHierarchies } from "./cgroup-hierarchies.ts";

/** Below system daemons and above every pod's processes: what ends with control is all that it serves. */
export const CONTROL_OOM_SCORE_ADJ = -500;
/** As a process that nobody spoke for. Cells that pods share are ended before control and before their node's daemons. */
export const CELL_OOM_SCORE_ADJ = 0;

/** The unit that a node may have for us: its cgroup is ours, with all below it. */
const OWN_UNIT = "kwasm.service";

export interface RuntimeCgroupsOptions {
  /** Tells the cgroups of several runtimes of a machine apart. */
  readonly name: string;
  readonly log: Log;
  /** What all cells that pods share may use together, bytes; without it there is no limit but their guests'. */
  readonly cellsMemoryBytesMax?: number;
  /** The process to move: this one, but in tests. */
  readonly pid?: number;
  /** Where the file system begins, for tests. */
  readonly root?: string;
}

/** The runtime's cgroups in one hierarchy. */
interface Home {
  readonly hierarchy: CgroupHierarchy;
  /** `control` and `cells` are in it. */
  readonly directory: string;
  /** Where the process was before. */
  readonly origin: string;
}

/**
 * The cgroups of the runtime. It is started by containerd and would be counted, limited and chosen for want of memory as
 * a part of it: so control moves into a cgroup of its own, and gives its cells others beside. Whatever this machine does
 * not allow is said once in the log, and the runtime works without it.
 */
export class RuntimeCgroups implements CellPlaces, Disposable {
  readonly #options: RuntimeCgroupsOptions;
  readonly #homes: Home[] = [];

  private constructor(options: RuntimeCgroupsOptions) {
    this.#options = options;
  }

  /** Never throws. */
  static enter(options: RuntimeCgroupsOptions): RuntimeCgroups {
    const cgroups = new RuntimeCgroups(options);
    const { root = "/", pid = process.pid, log } = options;
    attempt("read the machine's cgroups", log, () => {
      for (const hierarchy of readHierarchies(root, String(pid))) cgroups.#settle(hierarchy);
    });
    attempt(`set oom_score_adj to "${String(CONTROL_OOM_SCORE_ADJ)}"`, log, () => {
      writeFileSync(join(root, "proc", String(pid), "oom_score_adj"), `${String(CONTROL_OOM_SCORE_ADJ)}\n`);
    });
    return cgroups;
  }

  /** A pod that has a cell to itself has it in its own cgroup, where kubelet limits and counts it. */
  placeOf({ podCgroup, oomScoreAdj }: Pick<SandboxSpec, "podCgroup" | "oomScoreAdj">): CellPlace {
    const cgroups = this.#homes.map(({ hierarchy, directory }) => {
      const cells = join(directory, "cells");
      const ofPod = podCgroup === undefined ? cells : join(hierarchy.top, podCgroup);
      // kubelet makes a pod's only in those hierarchies whose controllers it uses.
      return existsSync(ofPod) ? ofPod : cells;
    });
    const ofPod = podCgroup === undefined ? undefined : oomScoreAdj;
    return { cgroups, oomScoreAdj: ofPod ?? CELL_OOM_SCORE_ADJ };
  }

  /** Moves back, and removes what was made; the cells must have ended. Idempotent. */
  [Symbol.dispose](): void {
    const { log, pid = process.pid } = this.#options;
    for (const { directory, origin } of this.#homes.splice(0)) {
      attempt(`leave cgroup "${directory}"`, log, () => {
        writeFileSync(join(origin, "cgroup.procs"), `${String(pid)}\n`);
        removeEmpty(directory);
        removeIfEmpty(dirname(directory));
      });
    }
  }

  #settle(hierarchy: CgroupHierarchy): void {
    const { log, pid = process.pid, name } = this.#options;
    const base = baseIn(hierarchy, name);
    const directory = join(base, "kwasm", name);
    attempt(`enter cgroup "${directory}"`, log, () => {
      makeCgroup(makeCgroup(base, "kwasm"), name);
      // What an earlier runtime left that was killed.
      removeEmpty(join(directory, "cells"));
      const control = makeCgroup(directory, "control");
      const cells = makeCgroup(directory, "cells");
      writeFileSync(join(control, "cgroup.procs"), `${String(pid)}\n`);
      this.#homes.push({ hierarchy, directory, origin: join(hierarchy.top, originOf(hierarchy.own, name)) });
      if (basename(base) === OWN_UNIT) moveOthers(base, control);
      if (hierarchy.version === "v2") for (const path of [base, join(base, "kwasm"), directory]) delegateMemory(path);
      this.#limit(cells);
    });
  }

  #limit(cells: string): void {
    const { cellsMemoryBytesMax: bytes, log } = this.#options;
    if (bytes === undefined) return;
    const file = ["memory.max", "memory.limit_in_bytes"].find((limit) => existsSync(join(cells, limit)));
    if (file === undefined) {
      // Each hierarchy of version 1 has its own controllers; with version 2 there is one, and it should have this.
      if (existsSync(join(cells, "cgroup.controllers"))) log.warn("cells have no limit of memory", { cells });
      return;
    }
    attempt(`limit the memory of "${cells}"`, log, () => writeFileSync(join(cells, file), `${String(bytes)}\n`));
  }
}

/**
 * At the top where systemd manages the process, whose own cgroup it may remove; below the process's own elsewhere, which
 * may be all that a container is given, and in a unit of ours, which is delegated.
 */
function baseIn({ top, own }: CgroupHierarchy, name: string): string {
  const isManaged = /\.(?:service|scope|slice)$/u.test(own) && basename(own) !== OWN_UNIT;
  return join(top, isManaged ? "/" : originOf(own, name));
}

/** A process that was started by one that has moved already is where that moved to. */
function originOf(own: string, name: string): string {
  const moved = join("/kwasm", name, "control");
  return own.endsWith(moved) ? join("/", own.slice(0, -moved.length)) : own;
}

/** What else is in our unit started us and waits: a cgroup with processes gives no controllers to those below it. */
function moveOthers(unit: string, control: string): void {
  const pids = readFileSync(join(unit, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
  for (const pid of pids) writeFileSync(join(control, "cgroup.procs"), `${pid}\n`);
}

/** Lets those below a cgroup have the memory controller; cgroups(7). */
function delegateMemory(cgroup: string): void {
  try {
    writeFileSync(join(cgroup, "cgroup.subtree_control"), "+memory\n");
  } catch {
    // One that has processes or lacks the controller cannot give it; whoever sets a limit sees that its file is missing.
  }
}

/** Removes a cgroup with all below that have no process. */
function removeEmpty(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(join(directory, entry.name));
  }
  removeIfEmpty(directory);
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Somebody is in it: another runtime of this machine, or a process that this one started.
  }
}

function attempt(action: string, log: Log, run: () => void): void {
  try {
    run();
  } catch (error) {
    log.warn("a cgroup is not used", { reason: KwasmError.from(error, action).message });
  }
}
