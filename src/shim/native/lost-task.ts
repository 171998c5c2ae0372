import { KwasmError } from "#base";
import {
  ConnectResponse,
  DeleteResponse,
  type Message,
  PidsResponse,
  ProcessRequest,
  StateResponse,
  taskStatus,
  WaitResponse,
} from "#proto";

import { exitFields } from "../task-answers.ts";
import type { TaskExit } from "../task.ts";
import type { NativeRecord } from "./native-task.ts";

interface LostTask {
  readonly task: NativeRecord;
  readonly exit: TaskExit;
}

/** What is said about a task whose shim has died: it has ended, and can be deleted. */
export function answerForLost({ task, exit }: LostTask, method: string, request: Uint8Array): Uint8Array {
  const { id, bundle, pid, streams } = task;
  switch (method) {
    case "State":
      refuseProcess(request);
      return encode(StateResponse, { id, bundle, pid, status: taskStatus.stopped, ...streams, ...exitFields(exit) });
    case "Wait":
      refuseProcess(request);
      return encode(WaitResponse, exitFields(exit));
    case "Delete":
      refuseProcess(request);
      return encode(DeleteResponse, { pid, ...exitFields(exit) });
    case "Connect":
      return encode(ConnectResponse, { shimPid: process.pid, taskPid: pid });
    case "Pids":
      return encode(PidsResponse, { processes: [{ pid }] });
    default:
      throw new KwasmError(
        "not-found",
        `call "${method}" of task "${id}": its shim has died, and it has ended with it`,
      );
  }
}

/** Processes that were added to the container have ended with it, and nobody knows of them any more. */
function refuseProcess(request: Uint8Array): void {
  const { id, execId } = ProcessRequest.decode(request);
  if (execId === "") return;
  throw new KwasmError(
    "not-found",
    `find process "${execId}" of task "${id}": its shim has died, and it has ended with it`,
  );
}

function encode<Value>(type: Message<Value>, value: Partial<Value>): Uint8Array {
  return type.encode(value);
}
