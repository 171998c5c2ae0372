import { basename, dirname } from "node:path";

import { KwasmError } from "#base";
import type { NodeRuntime } from "#node";
import {
  ConnectResponse,
  CreateTaskRequest,
  DeleteResponse,
  Empty,
  KillRequest,
  type MessageValue,
  PidResponse,
  PidsResponse,
  ProcessRequest,
  StateResponse,
  StatsResponse,
  WaitResponse,
} from "#proto";
import { type Call, method, type Method, type Services } from "#ttrpc";

import { readBundle } from "./bundle.ts";
import { ContainerTask } from "./container-task.ts";
import { SandboxTask } from "./sandbox-task.ts";
import { type CgroupVersion, exitFields, metricsOf, stateOf } from "./task-answers.ts";
import type { TaskEvents } from "./task-events.ts";
import { TaskTable } from "./task-table.ts";
import { type Task, TASK_PID, type TaskIdentity } from "./task.ts";

interface TaskServiceOptions {
  readonly runtime: NodeRuntime;
  readonly events: TaskEvents;
  readonly cgroups: CgroupVersion;
  readonly now: () => number;
}

type ProcessRequest = MessageValue<typeof ProcessRequest>;
type CreateTaskRequest = MessageValue<typeof CreateTaskRequest>;

/** containerd's task service, answered from the table of tasks; docs/runtime-v2.md of containerd is its contract. */
export class TaskService {
  readonly #options: TaskServiceOptions;
  readonly #tasks = new TaskTable();
  /** Places that keep the cells of containers without a pod, by containerd namespace. */
  readonly #homes = new Map<string, Promise<unknown>>();

  constructor(options: TaskServiceOptions) {
    this.#options = options;
  }

  /** The methods under the service's names in versions 2 and 3 of the runtime, whose messages are the same. */
  get services(): Services {
    const methods: Readonly<Record<string, Method>> = {
      State: this.#about(StateResponse, stateOf),
      Create: method(CreateTaskRequest, PidResponse, (request) => this.#create(request)),
      Start: this.#about(PidResponse, async (task) => {
        await task.start();
        return { pid: TASK_PID };
      }),
      Delete: this.#about(DeleteResponse, (task) => this.#delete(task)),
      // containerd takes a task without processes for one that was left behind, and deletes it when it starts again.
      Pids: this.#about(PidsResponse, () => ({ processes: [{ pid: TASK_PID }] })),
      Kill: method(KillRequest, Empty, (request, call) => this.#kill(request, call)),
      Wait: this.#about(WaitResponse, (task, call) => waitFor(task, call.signal)),
      Stats: this.#about(StatsResponse, async (task) => ({
        stats: metricsOf(await task.memory(), task.exit, this.#options.cgroups),
      })),
      Connect: method(ProcessRequest, ConnectResponse, () => ({ shimPid: process.pid, taskPid: TASK_PID })),
      // Guests read an empty standard input, and no terminal has a size.
      CloseIO: this.#about(Empty, () => ({})),
      ResizePty: this.#about(Empty, () => ({})),
      // Sent after each task's Delete; this process is there for the other tasks.
      Shutdown: method(ProcessRequest, Empty, () => ({})),
      Exec: this.#refusal("run a command in a Wasm container: it has no programs; look at its logs"),
      Pause: this.#refusal("pause a Wasm container: guests cannot be paused; scale it down"),
      Resume: this.#refusal("resume a Wasm container: guests cannot be paused"),
      Checkpoint: this.#refusal("checkpoint a Wasm container: a guest's state cannot be saved"),
      Update: this.#refusal("change the limits of a Wasm container that runs: start it again with the new ones"),
    };
    return { "containerd.task.v2.Task": methods, "containerd.task.v3.Task": methods };
  }

  /** A method about one task that is there; none has further processes. */
  #about<Response>(
    response: Parameters<typeof method<ProcessRequest, Response>>[1],
    handle: (task: Task, call: Call) => Promise<Partial<Response>> | Partial<Response>,
  ): Method {
    return method(ProcessRequest, response, (request, call) => handle(this.#find(request, call), call));
  }

  #refusal(message: string): Method {
    return method(ProcessRequest, Empty, () => {
      throw new KwasmError("unsupported", message);
    });
  }

  #find({ id, execId }: ProcessRequest, call: Call): Task {
    const task = this.#tasks.get(id, call.metadata.get("containerd-namespace-ttrpc"));
    if (execId === "") return task;
    throw new KwasmError("not-found", `find process "${execId}" of task "${id}": there is none`);
  }

  async #create(request: CreateTaskRequest) {
    if (request.checkpoint !== "") {
      throw new KwasmError(
        "unsupported",
        `restore checkpoint "${request.checkpoint}": a guest's state cannot be saved`,
      );
    }
    const identity = identityOf(request);
    const task = await this.#tasks.add(identity.namespace, identity.id, () => this.#make(request, identity));
    this.#options.events.onCreate(task, request.rootfs, request.checkpoint);
    return { pid: TASK_PID };
  }

  async #make(request: CreateTaskRequest, identity: TaskIdentity): Promise<Task> {
    const { runtime, events: observer, now } = this.#options;
    const { stdin, stdout, stderr, terminal, rootfs: rootMounts } = request;
    const bundle = readBundle(identity.bundle);
    const base = { identity, streams: { stdin, stdout, stderr, terminal }, bundle, runtime, observer };
    if (bundle.annotations["io.kubernetes.cri.container-type"] === "sandbox") {
      return SandboxTask.create({ ...base, now });
    }
    const podId = bundle.annotations["io.kubernetes.cri.sandbox-id"];
    const pod = this.#tasks.findPod(podId, identity.namespace);
    if (podId !== undefined && pod === undefined) {
      throw new KwasmError("failed-precondition", `create task "${identity.id}": its pod "${podId}" is not there`);
    }
    if (pod === undefined) await this.#keepHome(identity.namespace);
    return ContainerTask.create({ ...base, rootMounts, pod });
  }

  /**
   * A cell ends with the last place of its isolation group. Containers without a pod are often alone and short, and
   * a cell takes longer to start than they take to run, so their group has a place for good.
   */
  async #keepHome(namespace: string): Promise<void> {
    const known = this.#homes.get(namespace);
    const home = known ?? this.#options.runtime.createSandbox({ id: namespace, group: namespace, listeners: [] });
    this.#homes.set(namespace, home);
    try {
      await home;
    } catch (error) {
      // The next container tries again.
      this.#homes.delete(namespace);
      throw error;
    }
  }

  async #kill(request: MessageValue<typeof KillRequest>, call: Call) {
    const task = this.#find(request, call);
    if (task.status === "stopped") {
      throw new KwasmError("not-found", `end task "${task.id}": it has ended already`);
    }
    await task.kill(request.signal);
    return {};
  }

  async #delete(task: Task) {
    if (task.status === "running") {
      throw new KwasmError("failed-precondition", `delete task "${task.id}": it is still running; end it first`);
    }
    await task.remove();
    this.#tasks.remove(task);
    this.#options.events.onDelete(task);
    return { pid: TASK_PID, ...exitFields(task.exit) };
  }
}

/** containerd's namespace is the folder around the bundle, in each of its versions; the metadata may lack it. */
function identityOf({ id, bundle }: CreateTaskRequest): TaskIdentity {
  if (id !== "" && bundle.startsWith("/")) return { id, bundle, namespace: basename(dirname(bundle)) };
  throw new KwasmError("invalid-argument", `create task "${id}": it needs an id and the path of a bundle`);
}

async function waitFor(task: Task, signal: AbortSignal) {
  const gone = Promise.withResolvers<never>();
  const leave = (): void => gone.reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    return exitFields(await Promise.race([task.exited, gone.promise]));
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
