import { closeSync, writeSync } from "node:fs";

import { createLog, KwasmError, systemClock } from "#base";
import { RuntimeCgroups } from "#node";

import { readCgroupOptions } from "./cgroup-options.ts";
import { controlCommand } from "./keeper/control-command.ts";
import { startKeeper } from "./keeper/keeper.ts";
import { parseShimCommandLine } from "./shim-options.ts";

/** Where whoever started this process waits to be told that it serves. */
const READY_FD = 3;

const log = createLog({ level: "info", write: (line) => process.stderr.write(line) });

try {
  const words = process.argv.slice(2);
  const { directory, cellsMemoryMax, current } = parseShimCommandLine(words);
  const cgroups = RuntimeCgroups.enter({ ...readCgroupOptions(directory, cellsMemoryMax), log });
  // However this process ends of itself.
  process.once("exit", () => cgroups[Symbol.dispose]());
  const command = (): readonly string[] => controlCommand(current, words);
  const keeper = await startKeeper({ directory, command, clock: systemClock, log });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void keeper[Symbol.asyncDispose]());
  process.on("SIGHUP", () => keeper.replaceControl());
  log.info("serving containerd", { directory, pid: process.pid });
  writeSync(READY_FD, "ready\n");
  closeSync(READY_FD);
} catch (error) {
  log.error("the keeper did not start", { reason: KwasmError.from(error, "start the keeper").message });
  process.exitCode = 1;
}
