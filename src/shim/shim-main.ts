import { closeSync, existsSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";

import { createLog, KwasmError, systemClock } from "#base";

import { serveShim } from "./serve-shim.ts";

/** Where whoever started this process waits to be told that it serves. */
const READY_FD = 3;

const log = createLog({ level: "info", write: (line) => process.stderr.write(line) });
const { values } = parseArgs({ options: { directory: { type: "string" }, events: { type: "string" } } });

try {
  const { directory, events: eventsAddress } = values;
  if (directory === undefined || eventsAddress === undefined) {
    throw new KwasmError("invalid-argument", "start the shim: give --directory and --events");
  }
  const cgroups = existsSync("/sys/fs/cgroup/cgroup.controllers") ? "v2" : "v1";
  const shim = await serveShim({ directory, eventsAddress, cgroups, clock: systemClock, log });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void shim[Symbol.asyncDispose]());
  log.info("serving containerd", { directory, pid: process.pid });
  writeSync(READY_FD, "ready\n");
  closeSync(READY_FD);
} catch (error) {
  log.error("the shim did not start", { reason: KwasmError.from(error, "start the shim").message });
  process.exitCode = 1;
}
