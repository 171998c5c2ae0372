import { existsSync } from "node:fs";
import { Socket } from "node:net";

import { createLog, KwasmError, systemClock } from "#base";
import { controlDescriptors, dieWithParent, KeptHost, RuntimeCgroups } from "#node";
import { dispatchTo, ServerConnection } from "#ttrpc";

import { readCgroupOptions } from "./cgroup-options.ts";
import { CALLS_MAX } from "./keeper/relay.ts";
import { markOfProcess } from "./process-mark.ts";
import { openShim } from "./serve-shim.ts";
import { parseShimCommandLine } from "./shim-options.ts";
import { StartAnswer } from "./start-answer.ts";

/** Control: the process that its keeper starts, and starts again whenever it ends. */
dieWithParent();
const log = createLog({ level: "info", write: (line) => process.stderr.write(line) });

try {
  const { directory, cellsMemoryMax, ...rest } = parseShimCommandLine(process.argv.slice(2));
  const containerd = { address: rest.containerd, eventsAddress: rest.events, publishBinary: rest.publishBinary };
  const host = await KeptHost.connect({ log, onLost: () => endWithKeeper() });
  const cgroups = existsSync("/sys/fs/cgroup/cgroup.controllers") ? "v2" : "v1";
  // They are the keeper's, who removes them; this process is in them already.
  const places = RuntimeCgroups.enter({ ...readCgroupOptions(directory, cellsMemoryMax), log });
  const processMark = markOfProcess(process.ppid);
  const base = { directory, containerd, containerdRoot: rest.containerdRoot, processMark, clock: systemClock, log };
  const shim = await openShim({ ...base, cgroups, places, host });
  const answer = await StartAnswer.start({ directory, containerd: containerd.address, log });
  const calls = new Socket({ fd: controlDescriptors.calls, readable: true, writable: true });
  const handle = dispatchTo(shim.services);
  new ServerConnection(calls, { handle, log, callsMax: CALLS_MAX, isCarrier: true }).start();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void end(shim, answer, calls));
  await host.ready();
} catch (error) {
  log.error("control did not start", { reason: KwasmError.from(error, "start control").message });
  process.exit(1);
}

/** In order: nobody is told of ends any more once the calls are closed. */
async function end(shim: AsyncDisposable, answer: Disposable, calls: Socket): Promise<void> {
  answer[Symbol.dispose]();
  await shim[Symbol.asyncDispose]();
  calls.destroy();
}

/** Every cell has ended with the keeper, and containerd has seen every connection end. */
function endWithKeeper(): never {
  log.error("the keeper has ended, and its control ends with it");
  process.exit(1);
}
