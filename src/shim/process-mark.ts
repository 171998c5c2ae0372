import { readFileSync } from "node:fs";

/**
 * The process id and when it was started, so that another process which got the same id later is not taken for it
 * (proc_pid_stat(5): field 22, and the second may hold spaces). Throws Node's own error where there is no such process.
 */
export function markOfProcess(pid: number): string {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return `${String(pid)} ${fields[19] ?? ""}`;
}
