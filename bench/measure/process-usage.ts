import { readFileSync } from "node:fs";

/** Ticks of `/proc/PID/stat` in a second: fixed by Linux' interface to programs. */
const ticksPerSecond = 100;

/** Seconds that these processes have computed. */
export function cpuSecondsOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    // The second field is a name in parentheses and may hold anything; the times are fields 14 and 15.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /su, "")
      .split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, count) => sum + count, 0) / ticksPerSecond;
}

/** Proportional set sizes, MiB: what is shared counts in parts. */
export function memoryMibOf(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  });
  return kilobytes.reduce((sum, count) => sum + count, 0) / 1_024;
}
