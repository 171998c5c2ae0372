import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Clock, Log } from "#base";
import { createNodeRuntime } from "#node";
import { TtrpcServer } from "#ttrpc";

import { EventPublisher } from "./event-publisher.ts";
import type { CgroupVersion } from "./task-answers.ts";
import { TaskEvents } from "./task-events.ts";
import { TaskService } from "./task-service.ts";

export interface ShimOptions {
  /** Holds the socket, the mark of the running process and its state; the stub knows these names too. */
  readonly directory: string;
  /** containerd's ttrpc socket. */
  readonly eventsAddress: string;
  readonly cgroups: CgroupVersion;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Starts the one process that stands behind all shims of a containerd. What an earlier one left behind is dropped:
 * containerd has seen its connections end and counts its tasks as dead.
 */
export async function serveShim(options: ShimOptions): Promise<AsyncDisposable> {
  const { directory, eventsAddress: address, cgroups, clock, log } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stack = new AsyncDisposableStack();
  try {
    const runtime = stack.adopt(createNodeRuntime({ stateDir: join(directory, "node"), log }), (opened) =>
      opened.close(),
    );
    for (const { id } of runtime.listSandboxes()) await runtime.deleteSandbox(id);
    const events = new TaskEvents(stack.use(new EventPublisher({ address, clock, log })));
    const service = new TaskService({ runtime, events, cgroups, now: () => clock.nowMs() });
    const server = stack.use(new TtrpcServer(service.services, log));
    const socket = join(directory, "shim.sock");
    rmSync(socket, { force: true });
    await server.listen(socket);
    const mark = join(directory, "pid");
    stack.defer(() => rmSync(mark, { force: true }));
    writeFileSync(mark, markOfProcess());
    return stack;
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/**
 * The process id and when it was started, so that another process which got the same id later is not taken for it
 * (proc_pid_stat(5): field 22, and the second may hold spaces).
 */
function markOfProcess(): string {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return `${String(process.pid)} ${fields[19] ?? ""}\n`;
}
