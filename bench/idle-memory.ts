import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { printReport, type Row } from "./measure/report.ts";

/**
 * What one more guest costs a cell that has many, each waiting in `poll_oneoff`: the growth of the process's resident
 * memory, and that without the pages which the guest itself has touched. These are the resident pages of the mappings
 * that have exactly the size of the guest's linear memory, a size that nothing else in the process has.
 */
const COUNTS = [1_000, 10_000];
const MEBIBYTE = 1024 * 1024;

interface Measured {
  readonly rssBytes: number;
  readonly touchedBytes: number;
}

function measure(count: number): Row {
  const child = join(import.meta.dirname, "idle-memory-child-main.ts");
  const words = ["--expose-gc", "--disable-warning=ExperimentalWarning", child, String(count)];
  // The child is ours and prints just this.
  const { rssBytes, touchedBytes } = JSON.parse(
    execFileSync(process.execPath, words, { encoding: "utf8" }),
  ) as Measured;
  return {
    what: `${count} guests`,
    figures: {
      "RSS MB each": rssBytes / MEBIBYTE,
      "touched MB each": touchedBytes / MEBIBYTE,
      "beyond MB each": (rssBytes - touchedBytes) / MEBIBYTE,
    },
  };
}

printReport({
  bench: "idle-memory",
  notes: ["goal: at most 0.1 MB beyond what the guest touched"],
  rows: COUNTS.map(measure),
});
