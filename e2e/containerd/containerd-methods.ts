import { message, repeatedNested, string, uint32 } from "../../src/proto/message.ts";
import { Mount } from "../../src/proto/task.ts";
import { GrpcClient } from "./grpc-client.ts";

/** What clients of containerd send and get back: api/services/tasks/v1/tasks.proto and snapshots/v1/snapshots.proto. */

const TaskId = message("TaskId", { containerId: string(1) });
const Process = message("Process", { containerId: string(1), execId: string(2) });
const Pid = message("Pid", { pid: uint32(1) });

const containerdMethods = {
  "tasks.v1.Tasks/Create": {
    request: message("CreateTaskRequest", { containerId: string(1), rootfs: repeatedNested(3, Mount) }),
    response: message("CreateTaskResponse", { containerId: string(1), pid: uint32(2) }),
  },
  "tasks.v1.Tasks/Start": { request: Process, response: Pid },
  "tasks.v1.Tasks/Kill": {
    request: message("KillRequest", { containerId: string(1), execId: string(2), signal: uint32(3) }),
    response: message("Empty", {}),
  },
  "tasks.v1.Tasks/Wait": { request: Process, response: message("WaitResponse", { exitStatus: uint32(1) }) },
  "tasks.v1.Tasks/Delete": { request: TaskId, response: message("DeleteResponse", { exitStatus: uint32(3) }) },
  "snapshots.v1.Snapshots/Mounts": {
    request: message("MountsRequest", { snapshotter: string(1), key: string(2) }),
    response: message("MountsResponse", { mounts: repeatedNested(1, Mount) }),
  },
} as const;

/** containerd's own API about what CRI sees. */
export class ContainerdClient extends GrpcClient<typeof containerdMethods> {
  /** `address` is the path of containerd's Unix socket. */
  constructor(address: string) {
    const headers = { "containerd-namespace": "k8s.io" };
    super({ address, packageName: "containerd.services", methods: containerdMethods, headers });
  }

  /** Makes a task of a container that has a snapshot of its own name. */
  async createTask(containerId: string): Promise<void> {
    const request = { snapshotter: "overlayfs", key: containerId };
    const { mounts: rootfs } = await this.call("snapshots.v1.Snapshots/Mounts", request);
    await this.call("tasks.v1.Tasks/Create", { containerId, rootfs });
  }
}
