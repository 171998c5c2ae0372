import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

import { systemErrorCode } from "#base";

/** What a process of a node is for. */
export type ProcessRole = "containerd" | "kubelet" | "noop" | "other" | "ours" | "shim";

export interface ProcessFigures {
  readonly pid: number;
  readonly role: ProcessRole;
  readonly command: string;
  /** Proportional set size: what a page costs is divided by the processes that share it. */
  readonly pssBytes: number;
  readonly descriptors: number;
  readonly cpuMs: number;
}

/** USER_HZ, the unit of times in /proc, is 100 on every architecture that Node runs on; proc_pid_stat(5). */
const TICK_MS = 10;

/** What /proc says of the processes; one that has ended meanwhile is left out. */
export function readProcesses(pids: readonly number[]): readonly ProcessFigures[] {
  return pids.flatMap((pid) => {
    try {
      return [readProcess(pid)];
    } catch (error) {
      if (["ENOENT", "ESRCH"].includes(systemErrorCode(error) ?? "")) return [];
      throw error;
    }
  });
}

function readProcess(pid: number): ProcessFigures {
  const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Field 2 may hold spaces and ends with the last parenthesis; user and system time are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const kibibytes = /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
  return {
    pid,
    role: roleOf(pid, command),
    command,
    pssBytes: Number(kibibytes ?? 0) * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
  };
}

/** A rig has no Node but the one that runs the shim under test and its cells. */
function roleOf(pid: number, command: string): ProcessRole {
  const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  if (name === "containerd" || name === "kubelet") return name;
  // The kernel keeps 15 characters of a name.
  if (name.startsWith("containerd-shim")) return "shim";
  if (command.includes("noop-shim-main")) return "noop";
  return basename(readlinkSync(`/proc/${pid}/exe`)) === "node" ? "ours" : "other";
}

export function sumOf(
  processes: readonly ProcessFigures[],
  figure: "cpuMs" | "descriptors" | "pssBytes",
  ...roles: readonly ProcessRole[]
): number {
  const chosen = processes.filter(({ role }) => roles.length === 0 || roles.includes(role));
  return chosen.reduce((sum, process) => sum + process[figure], 0);
}
