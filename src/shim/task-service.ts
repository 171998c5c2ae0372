import { basename, dirname, join } from "node:path";

import { KwasmError, type Log } from "#base";
import type { NodeRuntime } from "#node";
import {
  CloseIoRequest,
  ConnectResponse,
  CreateTaskRequest,
  DeleteResponse,
  Empty,
  ExecProcessRequest,
  KillRequest,
  type MessageValue,
  PidResponse,
  PidsResponse,
  ProcessRequest,
  StateResponse,
  StatsResponse,
  UpdateTaskRequest,
  WaitResponse,
} from "#proto";
import { type Call, method, type Method, type Services } from "#ttrpc";

import { type Bundle, readBundle } from "./bundle.ts";
import type { ContainerdImages } from "./content/containerd-images.ts";
import { ContainerTask } from "./container-task.ts";
import type { ExecProcess } from "./exec-process.ts";
import { ExecTable } from "./exec-table.ts";
import { readResources } from "./linux-resources.ts";
import { handOverNative } from "./native/hand-over.ts";
import { isNativeProgram } from "./native/is-native-program.ts";
import { NativeTask } from "./native/native-task.ts";
import type { NativeTasks } from "./native/native-tasks.ts";
import type { Pod } from "./pod.ts";
import { REPEATED_KEY } from "./repeated-calls.ts";
import { RootMounts } from "./root-mounts.ts";
import { SandboxTask } from "./sandbox-task.ts";
import { type CgroupVersion, exitFields, metricsOf, stateOf } from "./task-answers.ts";
import type { TaskEvents } from "./task-events.ts";
import { keyOf, type PodState, type TaskJournal, type TaskRecord } from "./task-journal.ts";
import { type TableEntry, TaskTable } from "./task-table.ts";
import { type Task, TASK_PID, type TaskIdentity, type TaskProcess } from "./task.ts";

interface TaskServiceOptions {
  readonly runtime: NodeRuntime;
  readonly natives: NativeTasks;
  readonly events: TaskEvents;
  readonly journal: TaskJournal;
  readonly log: Log;
  readonly cgroups: CgroupVersion;
  readonly now: () => number;
  /** Finds a pod that containerd made by the sandbox controller and not as a task. */
  readonly findPod: (id: string, namespace: string) => Pod | undefined;
  /** Images that containerd does not unpack. */
  readonly images: ContainerdImages;
}

type ProcessRequest = MessageValue<typeof ProcessRequest>;
type CreateTaskRequest = MessageValue<typeof CreateTaskRequest>;

/** What a request is about: a task, or a process that was added to it. */
interface Subject {
  readonly task: Task;
  readonly exec: ExecProcess | undefined;
  /** The one of them that is meant. */
  readonly process: TaskProcess;
}

/** containerd's task service, answered from the table of tasks; docs/runtime-v2.md of containerd is its contract. */
export class TaskService {
  readonly #options: TaskServiceOptions;
  readonly #tasks = new TaskTable();
  readonly #execs: ExecTable;
  /** Places that keep the cells of containers without a pod, by containerd namespace. */
  readonly #homes = new Map<string, Promise<unknown>>();

  /** `tasks` are those of an earlier process. */
  constructor(options: TaskServiceOptions, tasks: readonly TableEntry[] = []) {
    this.#options = options;
    for (const task of tasks) this.#tasks.restore(task);
    this.#execs = new ExecTable({ observer: options.events, now: options.now });
  }

  /** The methods under the service's names in versions 2 and 3 of the runtime, whose messages are the same. */
  get services(): Services {
    const methods: Readonly<Record<string, Method>> = {
      State: this.#about(StateResponse, ({ task, process, exec }) => stateOf(task, process, exec?.id ?? "")),
      Create: method(CreateTaskRequest, PidResponse, (request, call) => this.#create(request, call)),
      Start: this.#about(PidResponse, async ({ process }, call) => {
        // An earlier process may have done what it was asked for, and not lived to say so.
        if (process.status === "created" || !isRepeated(call)) await process.start();
        return { pid: TASK_PID };
      }),
      Delete: method(ProcessRequest, DeleteResponse, (request, call) => this.#delete(request, call)),
      // containerd takes a task without processes for one that was left behind, and deletes it when it starts again.
      Pids: this.#about(PidsResponse, () => ({ processes: [{ pid: TASK_PID }] })),
      Kill: method(KillRequest, Empty, (request, call) => this.#kill(request, call)),
      Wait: this.#about(WaitResponse, ({ process }, call) => waitFor(process, call.signal)),
      Stats: this.#about(StatsResponse, ({ task }) => ({ stats: metricsOf(task, this.#options.cgroups) })),
      Connect: method(ProcessRequest, ConnectResponse, () => ({ shimPid: process.pid, taskPid: TASK_PID })),
      CloseIO: method(CloseIoRequest, Empty, async (request, call) => {
        const { process } = this.#find(request, call);
        if (request.stdin) await process.closeInput();
        return {};
      }),
      // No guest of WASI can ask for the size of its terminal.
      ResizePty: this.#about(Empty, () => ({})),
      // Sent after each task's Delete; this process is there for the other tasks.
      Shutdown: method(ProcessRequest, Empty, () => ({})),
      Exec: method(ExecProcessRequest, Empty, (request, call) => {
        this.#execs.add(this.#findTask(request, call), request);
        return {};
      }),
      Pause: this.#about(Empty, ({ task }) => this.#pause(task)),
      Resume: this.#about(Empty, ({ task }) => this.#resume(task)),
      Checkpoint: this.#refusal("checkpoint a Wasm container: a guest's state cannot be saved"),
      Update: method(UpdateTaskRequest, Empty, (request, call) => this.#update(request, call)),
    };
    const routed = handOverNative(methods, this.#tasks, (task) => this.#options.journal.gone(keyOf(task)));
    return { "containerd.task.v2.Task": routed, "containerd.task.v3.Task": routed };
  }

  /** A method about one task that is there, or one of its further processes. */
  #about<Response>(
    response: Parameters<typeof method<ProcessRequest, Response>>[1],
    handle: (subject: Subject, call: Call) => Promise<Partial<Response>> | Partial<Response>,
  ): Method {
    return method(ProcessRequest, response, (request, call) => handle(this.#find(request, call), call));
  }

  #refusal(message: string): Method {
    return method(ProcessRequest, Empty, () => {
      throw new KwasmError("unsupported", message);
    });
  }

  #find(request: ProcessRequest, call: Call): Subject {
    const task = this.#findTask(request, call);
    const exec = request.execId === "" ? undefined : this.#execs.get(task, request.execId);
    return { task, exec, process: exec ?? task };
  }

  #findTask({ id }: Pick<ProcessRequest, "id">, call: Call): Task {
    return this.#tasks.get(id, call.metadata.get("containerd-namespace-ttrpc"));
  }

  async #create(request: CreateTaskRequest, call: Call) {
    if (request.checkpoint !== "") {
      throw new KwasmError(
        "unsupported",
        `restore checkpoint "${request.checkpoint}": a guest's state cannot be saved`,
      );
    }
    const identity = identityOf(request);
    const made = isRepeated(call) ? this.#tasks.find(identity) : undefined;
    const task =
      made ?? (await this.#tasks.add(identity.namespace, identity.id, () => this.#record(request, identity)));
    // Of native ones runc's shim tells containerd.
    if (task instanceof NativeTask) return { pid: task.pid };
    this.#options.events.onCreate(task, request.rootfs, request.checkpoint);
    return { pid: TASK_PID };
  }

  /** Written down before anything is made and again when all is: what was cut short between is undone. */
  async #record(request: CreateTaskRequest, identity: TaskIdentity): Promise<TableEntry> {
    const { journal } = this.#options;
    journal.making(keyOf(identity), identity.bundle);
    try {
      const task = await this.#make(request, identity);
      journal.made(keyOf(identity), recordOf(task, identity));
      return task;
    } catch (error) {
      journal.gone(keyOf(identity));
      throw error;
    }
  }

  async #make(request: CreateTaskRequest, identity: TaskIdentity): Promise<TableEntry> {
    const { runtime, events: observer, now } = this.#options;
    const { stdin, stdout, stderr, terminal } = request;
    const bundle = readBundle(identity.bundle);
    const base = { identity, streams: { stdin, stdout, stderr, terminal }, bundle, runtime, observer };
    if (bundle.annotations["io.kubernetes.cri.container-type"] === "sandbox") {
      const remember = (state: PodState): void => this.#options.journal.podChanged(keyOf(identity), state);
      return SandboxTask.create({ ...base, now, remember });
    }
    const podId = bundle.annotations["io.kubernetes.cri.sandbox-id"];
    const pod = podId === undefined ? undefined : this.#findPod(podId, identity.namespace);
    if (podId !== undefined && pod === undefined) {
      throw new KwasmError("failed-precondition", `create task "${identity.id}": its pod "${podId}" is not there`);
    }
    const root = new RootMounts(request.rootfs, join(identity.bundle, "rootfs"));
    if (!isNative(bundle, root)) {
      if (pod === undefined) await this.#keepHome(identity.namespace);
      return ContainerTask.create({ ...base, root, pod, images: this.#options.images, log: this.#options.log });
    }
    // runc's shim mounts it itself.
    root.unmount();
    return this.#options.natives.create({ identity, request, bundle, pod });
  }

  #findPod(id: string, namespace: string): Pod | undefined {
    return this.#tasks.findPod(id, namespace) ?? this.#options.findPod(id, namespace);
  }

  /**
   * A cell ends with the last place of its isolation group. Containers without a pod are often alone and short, and
   * a cell takes longer to start than they take to run, so their group has a place for good.
   */
  async #keepHome(namespace: string): Promise<void> {
    const known = this.#homes.get(namespace);
    const home = known ?? this.#makeHome(namespace);
    this.#homes.set(namespace, home);
    try {
      await home;
    } catch (error) {
      // The next container tries again.
      this.#homes.delete(namespace);
      throw error;
    }
  }

  /** An earlier process may have made it. */
  async #makeHome(namespace: string): Promise<void> {
    const { runtime } = this.#options;
    if (runtime.listSandboxes().some(({ id }) => id === namespace)) return;
    await runtime.createSandbox({ id: namespace, group: namespace, listeners: [] });
  }

  async #kill(request: MessageValue<typeof KillRequest>, call: Call) {
    const { task, exec, process } = this.#find(request, call);
    if (process.status === "stopped") {
      if (isRepeated(call)) return {};
      throw new KwasmError("not-found", `end "${exec?.id ?? task.id}": it has ended already`);
    }
    await process.kill(request.signal);
    return {};
  }

  /** Kubernetes asks for memory and for processors one after the other, each time with all limits. */
  async #update({ id, resources }: MessageValue<typeof UpdateTaskRequest>, call: Call) {
    const task = this.#findTask({ id }, call);
    const limits = readResources(resources);
    // containerd takes "not found" for a task that has ended meanwhile, and is content.
    if (task.status === "stopped") throw new KwasmError("not-found", `change limits of task "${id}": it has ended`);
    await task.update(limits);
    return {};
  }

  async #pause(task: Task) {
    if (task.status === "paused") return {};
    await task.pause();
    this.#options.events.onPause(task);
    return {};
  }

  async #resume(task: Task) {
    if (task.status === "running") return {};
    await task.resume();
    this.#options.events.onResume(task);
    return {};
  }

  async #delete(request: ProcessRequest, call: Call) {
    const namespace = call.metadata.get("containerd-namespace-ttrpc");
    const grave =
      isRepeated(call) && request.execId === "" ? this.#options.journal.graveOf(request.id, namespace) : undefined;
    if (grave !== undefined) return { pid: TASK_PID, ...exitFields(grave.exit) };
    const { task, exec } = this.#find(request, call);
    if (exec === undefined) return this.#deleteTask(task);
    await this.#execs.remove(task, exec);
    return { pid: TASK_PID, ...exitFields(exec.exit) };
  }

  async #deleteTask(task: Task) {
    const { journal, events } = this.#options;
    if (task.status === "running" || task.status === "paused") {
      throw new KwasmError("failed-precondition", `delete task "${task.id}": it is "${task.status}"; end it first`);
    }
    await this.#execs.removeAll(task);
    journal.removing(keyOf(task), task.exit);
    await task.remove();
    this.#tasks.remove(task);
    events.onDelete(task);
    journal.gone(keyOf(task), task.exit);
    return { pid: TASK_PID, ...exitFields(task.exit) };
  }
}

/** Whether an earlier process was handed the same call, and may have done what it asks for. */
function isRepeated(call: Call): boolean {
  return call.metadata.has(REPEATED_KEY);
}

function recordOf(task: TableEntry, identity: TaskIdentity): TaskRecord {
  if (task instanceof NativeTask) return { identity, kind: "native", native: task.record };
  const { streams } = task;
  return task instanceof ContainerTask
    ? { identity, kind: "container", streams, mountCount: task.mountCount }
    : { identity, kind: "pod", streams };
}

function isNative(bundle: Bundle, root: RootMounts): boolean {
  try {
    return isNativeProgram(bundle);
  } catch (error) {
    root.unmount();
    throw error;
  }
}

/** containerd's namespace is the folder around the bundle, in each of its versions; the metadata may lack it. */
function identityOf({ id, bundle }: CreateTaskRequest): TaskIdentity {
  if (id !== "" && bundle.startsWith("/")) return { id, bundle, namespace: basename(dirname(bundle)) };
  throw new KwasmError("invalid-argument", `create task "${id}": it needs an id and the path of a bundle`);
}

async function waitFor(process: TaskProcess, signal: AbortSignal) {
  const gone = Promise.withResolvers<never>();
  const leave = (): void => gone.reject(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    return exitFields(await Promise.race([process.exited, gone.promise]));
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
