import { closeSync, constants, openSync } from "node:fs";

import { silentLog } from "#base";
import { Empty, timestampOf } from "#proto";
import { dispatchTo, method, TtrpcServer } from "#ttrpc";

import {
  CreateTaskRequest,
  DeleteResponse,
  KillRequest,
  PidResponse,
  ProcessRequest,
  StateResponse,
  taskStatus,
  WaitResponse,
} from "../../src/proto/task.ts";

/**
 * containerd's task service that answers everything and runs nothing: what a shim costs that is one process and does
 * no work at all. `node FILE SOCKET`; prints a line when it serves.
 */
class NoopTask {
  readonly #fifos: readonly number[];
  readonly #exit = Promise.withResolvers<void>();
  status: number = taskStatus.created;
  readonly exited = this.#exit.promise;

  /** containerd reads the FIFOs until nobody has them open for writing any more, and somebody has to have been first. */
  constructor(paths: readonly string[]) {
    const flags = constants.O_RDWR | constants.O_NONBLOCK;
    this.#fifos = paths.filter((path) => path !== "").map((path) => openSync(path, flags));
  }

  end(): void {
    if (this.status === taskStatus.stopped) return;
    this.status = taskStatus.stopped;
    for (const fifo of this.#fifos) closeSync(fifo);
    this.#exit.resolve();
  }
}

/** containerd takes a container for running until it knows when it has exited. */
function exitNow() {
  return { exitStatus: 0, exitedAt: timestampOf(Date.now()) };
}

const [socket = ""] = process.argv.slice(2);
const tasks = new Map<string, NoopTask>();
const nothing = method(ProcessRequest, Empty, () => ({}));
const methods = {
  Create: method(CreateTaskRequest, PidResponse, ({ id, stdout, stderr }) => {
    tasks.set(id, new NoopTask([stdout, stderr]));
    return {};
  }),
  Start: method(ProcessRequest, PidResponse, ({ id }) => {
    const task = tasks.get(id);
    if (task !== undefined) task.status = taskStatus.running;
    return {};
  }),
  State: method(ProcessRequest, StateResponse, ({ id }) => ({ id, status: tasks.get(id)?.status ?? 0 })),
  Wait: method(ProcessRequest, WaitResponse, async ({ id }) => {
    await tasks.get(id)?.exited;
    return exitNow();
  }),
  Kill: method(KillRequest, Empty, ({ id }) => {
    tasks.get(id)?.end();
    return {};
  }),
  Delete: method(ProcessRequest, DeleteResponse, ({ id }) => {
    tasks.get(id)?.end();
    tasks.delete(id);
    return exitNow();
  }),
  Connect: nothing,
  Pids: nothing,
  Stats: nothing,
  CloseIO: nothing,
  Shutdown: nothing,
};
await new TtrpcServer(dispatchTo({ "containerd.task.v2.Task": methods }), silentLog).listen(socket);
process.stdout.write("ready\n");
