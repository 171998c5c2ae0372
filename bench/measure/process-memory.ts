import { readFileSync } from "node:fs";

import { readProcesses } from "../../e2e/containerd/process-figures.ts";

/** Resident and proportional set sizes in MiB of the processes whose command fits. */
export function readMemory(pids: readonly number[], command: RegExp): Readonly<Record<string, number>> {
  const chosen = readProcesses(pids).filter((one) => command.test(one.command));
  const texts = chosen.map(({ pid }) => readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  const sum = (name: string): number => {
    const kibibytes = texts.map((text) => Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1]));
    return kibibytes.reduce((all, one) => all + one, 0) / 1024;
  };
  return { "RSS MiB": sum("Rss"), "PSS MiB": sum("Pss") };
}
