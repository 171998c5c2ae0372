import { existsSync } from "node:fs";

import { KwasmError } from "#base";
import type { NodeRuntime } from "#node";
import {
  Empty,
  type Message,
  type MessageValue,
  PodSandboxConfig,
  SandboxCreateRequest,
  SandboxCreateResponse,
  SandboxMetricsResponse,
  SandboxPlatformResponse,
  SandboxRequest,
  SandboxStartResponse,
  SandboxStatusResponse,
  SandboxWaitResponse,
  timestampOf,
} from "#proto";
import { type Call, method, type Method, type Services } from "#ttrpc";

import { hasOwnGroup, isolationGroupOf } from "../isolation-group.ts";
import { sandboxService } from "../keeper/sandbox-calls.ts";
import type { Pod } from "../pod.ts";
import { REPEATED_KEY } from "../repeated-calls.ts";
import { type CgroupVersion, metricsOf } from "../task-answers.ts";
import { TASK_PID } from "../task.ts";
import type { PodFiles } from "./pod-files.ts";
import { checkIdentifier, type SandboxRecord } from "./sandbox-record.ts";
import type { SandboxStore } from "./sandbox-store.ts";

/** What a sandbox uses: it runs nothing. */
const idle = {
  status: "running",
  exit: undefined,
  usage: () => ({ cpuNanoseconds: 0, memoryBytes: 0, memoryBytesMax: 0 }),
} as const;

interface SandboxControllerOptions {
  readonly runtime: NodeRuntime;
  readonly store: SandboxStore;
  readonly files: PodFiles;
  readonly cgroups: CgroupVersion;
  /** The socket of the task service, where containerd makes the containers of all sandboxes. */
  readonly taskSocket: string;
  readonly now: () => number;
}

/** From this version of a shim on, containerd makes containers over the given socket and starts no program for them. */
const SHIM_VERSION = 3;

/** What Go calls the machine; containerd refuses statistics of any other system than linux. */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** containerd's service of sandbox controllers (containerd 2.1 and later): pods without a pause container. */
export class SandboxController {
  readonly #options: SandboxControllerOptions;
  /** Who waits for a sandbox's end, by its key. */
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();
  readonly #underWay = new Set<string>();

  constructor(options: SandboxControllerOptions) {
    this.#options = options;
  }

  /**
   * Gives the sandboxes of an earlier process their places again. One whose network namespace is gone, as after the
   * start of the machine, is stopped: kubelet makes its pod anew.
   */
  async restore(): Promise<void> {
    for (const record of this.#options.store.list()) {
      if (record.state === "stopped") continue;
      if (record.networkPath !== "" && !existsSync(record.networkPath)) this.#stop(record);
      else if (!this.#hasPlace(record)) await this.#makePlace(record);
    }
  }

  /** The pod of a container that containerd makes, or undefined where there is none. */
  findPod(id: string, namespace: string): Pod | undefined {
    const record = this.#options.store.get(namespace, id);
    if (record === undefined) return undefined;
    const { group, hasOwnGroup: isAlone, hostname, networkPath: path } = record;
    const own = ["ipc", "uts", "pid"].map((type) => ({ type }));
    const namespaces = path === "" ? own : [{ type: "network", path }, ...own];
    const network = path === "" ? ({ kind: "host" } as const) : ({ kind: "own", path } as const);
    return { id, group, hasOwnGroup: isAlone, network, place: { namespaces, hostname, sysctls: {} } };
  }

  get services(): Services {
    const { now, cgroups } = this.#options;
    const methods: Readonly<Record<string, Method>> = {
      Create: method(SandboxCreateRequest, SandboxCreateResponse, (request, call) => this.#create(request, call)),
      Start: this.#about(SandboxStartResponse, (record) => this.#start(record)),
      Platform: this.#about(SandboxPlatformResponse, () => ({
        platform: { os: "linux", architecture: architectures[process.arch] ?? process.arch },
      })),
      Stop: this.#about(Empty, (record) => this.#stop(record)),
      Wait: this.#about(SandboxWaitResponse, (record, call) => this.#wait(record, call.signal)),
      Status: this.#about(SandboxStatusResponse, (record) => this.#statusOf(record)),
      Shutdown: method(SandboxRequest, Empty, ({ sandboxId }, call) => this.#shutDownIfThere(sandboxId, call)),
      // A sandbox uses nothing itself; its containers have their own statistics.
      Metrics: this.#about(SandboxMetricsResponse, ({ id }) => ({
        metrics: {
          id,
          timestamp: timestampOf(now()),
          data: metricsOf(idle, cgroups),
        },
      })),
      // Sent with labels, extensions and resources, of which a sandbox without processes keeps none.
      Update: this.#about(Empty, () => ({})),
    };
    return { [sandboxService]: methods };
  }

  #about<Response>(
    response: Message<Response>,
    handle: (record: SandboxRecord, call: Call) => Promise<Partial<Response>> | Partial<Response>,
  ): Method {
    return method(SandboxRequest, response, ({ sandboxId }, call) => {
      return handle(this.#find(sandboxId, call), call);
    });
  }

  #find(id: string, call: Call): SandboxRecord {
    const record = this.#options.store.get(namespaceOf(call), id);
    if (record === undefined) throw new KwasmError("not-found", `find sandbox "${id}": there is none`);
    return record;
  }

  /** An earlier process may have done what it was asked for, and not lived to say so. */
  async #shutDownIfThere(id: string, call: Call) {
    const isDone = isRepeated(call) && this.#options.store.get(namespaceOf(call), id) === undefined;
    return isDone ? {} : this.#shutDown(this.#find(id, call));
  }

  async #create(request: MessageValue<typeof SandboxCreateRequest>, call: Call) {
    const namespace = checkIdentifier("namespace", namespaceOf(call));
    const id = checkIdentifier("sandbox id", request.sandboxId);
    const { store, files, now } = this.#options;
    const key = keyOf({ namespace, id });
    if (isRepeated(call)) {
      if (store.get(namespace, id) !== undefined) return { sandboxId: id };
      // It was cut short.
      await this.#clear({ namespace, id });
    }
    if (this.#underWay.has(key) || store.get(namespace, id) !== undefined) {
      throw new KwasmError("already-exists", `create sandbox "${id}": there is one of that name`);
    }
    this.#underWay.add(key);
    try {
      const config = PodSandboxConfig.decode(request.options?.value ?? new Uint8Array());
      const annotations = annotationsOf(request, config);
      const group = isolationGroupOf({ namespace, id, bundle: "" }, annotations);
      const pod = { group, hasOwnGroup: hasOwnGroup(annotations), hostname: config.hostname };
      const times = { createdAtMs: now(), exitedAtMs: 0 };
      const record = { namespace, id, ...pod, networkPath: request.netnsPath, state: "created", ...times } as const;
      await this.#makePlace(record);
      files.write(id, config);
      store.put(record);
      return { sandboxId: id };
    } catch (error) {
      await this.#clear({ namespace, id });
      throw error;
    } finally {
      this.#underWay.delete(key);
    }
  }

  #start(record: SandboxRecord) {
    if (record.state === "stopped") {
      throw new KwasmError("failed-precondition", `start sandbox "${record.id}": it has ended; make a new one`);
    }
    this.#options.store.put({ ...record, state: "ready" });
    const { id: sandboxId, createdAtMs } = record;
    return { sandboxId, pid: TASK_PID, createdAt: timestampOf(createdAtMs), ...this.#endpoint };
  }

  #stop(record: SandboxRecord) {
    if (record.state !== "stopped") {
      this.#options.store.put({ ...record, state: "stopped", exitedAtMs: this.#options.now() });
      this.#tellEnd(record);
    }
    return {};
  }

  async #wait(record: SandboxRecord, signal: AbortSignal) {
    if (record.state !== "stopped") await this.#endOf(record, signal);
    const { exitedAtMs } = this.#options.store.get(record.namespace, record.id) ?? { exitedAtMs: this.#options.now() };
    return { exitStatus: 0, exitedAt: timestampOf(exitedAtMs) };
  }

  async #endOf(record: SandboxRecord, signal: AbortSignal): Promise<void> {
    const key = keyOf(record);
    const end = this.#ends.get(key) ?? Promise.withResolvers<void>();
    this.#ends.set(key, end);
    const gone = Promise.withResolvers<never>();
    const leave = (): void => gone.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await Promise.race([end.promise, gone.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  #statusOf({ id: sandboxId, state, createdAtMs, exitedAtMs }: SandboxRecord) {
    return {
      sandboxId,
      pid: TASK_PID,
      state: state === "ready" ? "SANDBOX_READY" : "SANDBOX_NOTREADY",
      createdAt: timestampOf(createdAtMs),
      ...(state === "stopped" ? { exitedAt: timestampOf(exitedAtMs) } : {}),
      ...this.#endpoint,
    };
  }

  async #shutDown(record: SandboxRecord) {
    this.#stop(record);
    await this.#clear(record);
    this.#options.store.delete(record);
    return {};
  }

  get #endpoint() {
    return { address: `ttrpc+unix://${this.#options.taskSocket}`, version: SHIM_VERSION };
  }

  /** The pod's place in its isolation group keeps the group's cell. */
  async #makePlace(record: SandboxRecord): Promise<void> {
    await this.#options.runtime.createSandbox({ id: placeOf(record), group: record.group, listeners: [] });
  }

  #hasPlace(record: SandboxRecord): boolean {
    return this.#options.runtime.listSandboxes().some(({ id }) => id === placeOf(record));
  }

  async #clear(name: Pick<SandboxRecord, "namespace" | "id">): Promise<void> {
    await this.#options.runtime.deleteSandbox(placeOf(name));
    this.#options.files.remove(name.id);
  }

  #tellEnd(record: SandboxRecord): void {
    const key = keyOf(record);
    this.#ends.get(key)?.resolve();
    this.#ends.delete(key);
  }
}

/** The word that containerd's clients send their namespace by: pkg/namespaces/grpc.go. */
function namespaceOf(call: Call): string {
  return call.metadata.get("containerd-namespace") ?? "";
}

/** Whether an earlier process was handed the same call. */
function isRepeated(call: Call): boolean {
  return call.metadata.has(REPEATED_KEY);
}

function keyOf({ namespace, id }: Pick<SandboxRecord, "namespace" | "id">): string {
  return `${namespace}/${id}`;
}

/** Not the name that a task of the same id would have. */
function placeOf(name: Pick<SandboxRecord, "namespace" | "id">): string {
  return `sandbox/${keyOf(name)}`;
}

/** The pod's own annotations, and the one that containerd would give a pause container for the pod's namespace. */
function annotationsOf(
  { annotations }: MessageValue<typeof SandboxCreateRequest>,
  config: MessageValue<typeof PodSandboxConfig>,
): Readonly<Record<string, string>> {
  const entries = [...config.annotations, ...annotations].map(({ key, value }) => [key, value] as const);
  return {
    ...Object.fromEntries(entries),
    "io.kubernetes.cri.sandbox-namespace": config.metadata?.namespace ?? "",
  };
}
