import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";

import { KwasmError } from "#base";
import { askUntil } from "./ask-until.ts";
import type { Handler } from "./configuration.ts";
import {
  type ContainerStatus,
  containerState,
  type MapEntry,
  namespaceMode,
  packNumbers,
  portProtocol,
  type SandboxConfig,
} from "./cri-messages.ts";
import type { Inventory } from "./namespaces.ts";
import { nativeImage } from "./native-image.ts";
import type { ContainerdRig } from "./rig.ts";

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly memoryBytesMax?: number;
  /** Keeps an input open for those who attach: for the first of them, or for all. */
  readonly stdin?: "once" | "always";
  readonly tty?: boolean;
  /** Files and folders of the machine that the container has, by the paths that it has them at. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Container that it debugs, as `kubectl debug --target` has it. */
  readonly targetId?: string;
  /** Ports that the container declares, TCP where only their number is said. */
  readonly ports?: readonly (number | DeclaredPort)[];
  readonly args?: readonly string[];
  readonly workingDirectory?: string;
  readonly mounts?: readonly MountOptions[];
  /** `fsGroup` is one of the groups by the time that kubelet asks for a container. */
  readonly user?: { readonly uid: number; readonly gid?: number; readonly groups?: readonly number[] };
  readonly isRootReadOnly?: boolean;
  /** How often the container was started before. */
  readonly attempt?: number;
}

export interface DeclaredPort {
  readonly containerPort: number;
  readonly protocol: keyof typeof portProtocol;
}

export interface MountOptions {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readonly?: boolean;
}

export interface PodOptions {
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Whose network the pod has; its own unless given. */
  readonly network?: "pod" | "node";
  /** Ports of the node that lead to the pod's. */
  readonly hostPorts?: readonly (DeclaredPort & { readonly hostPort: number })[];
}

/** A container of `nativeImage` that runs a shell script. */
export function runScript(name: string, script: string): ContainerOptions {
  return { name, image: nativeImage, command: ["/bin/busybox", "sh", "-c", script] };
}

/** A pod, made, asked and ended by the calls that kubelet makes, in its order: kuberuntime_manager.go. */
export class Pod {
  readonly #rig: ContainerdRig;
  readonly #config: Partial<SandboxConfig>;
  readonly #cgroup: string;
  readonly #namespaces: { readonly pid: number; readonly network: number };
  /** The names of the containers by their ids. */
  readonly #containers = new Map<string, string>();
  #id = "";

  /** Makes the pod's cgroup and log folder, then its sandbox. */
  static async start(rig: ContainerdRig, handler: Handler, options: PodOptions = {}): Promise<Pod> {
    const pod = new Pod(rig, options);
    await pod.#start(handler);
    return pod;
  }

  /** What there is when the first pod came and went: it made what all later ones share, such as the bridge. */
  static async countAfterOne(rig: ContainerdRig, handler: Handler): Promise<Inventory> {
    const pod = await Pod.start(rig, handler);
    await pod.stop();
    await pod.remove();
    return rig.countAll();
  }

  private constructor(rig: ContainerdRig, options: PodOptions) {
    const { namespace = "default", annotations = {}, network = "pod", hostPorts = [] } = options;
    const uid = randomUUID();
    const name = `pod-${uid.slice(0, 8)}`;
    this.#rig = rig;
    this.#namespaces = { network: namespaceMode[network], pid: namespaceMode.container };
    this.#cgroup = `/kubepods/pod${uid}`;
    this.#config = {
      metadata: { name, uid, namespace },
      hostname: name,
      logDirectory: join(rig.logDirectory, `${namespace}_${name}_${uid}`),
      dnsConfig: { servers: ["10.96.0.10"], searches: ["default.svc.cluster.local"] },
      annotations: entriesOf(annotations),
      labels: entriesOf({ "io.kubernetes.pod.name": name, "io.kubernetes.pod.uid": uid }),
      portMappings: hostPorts.map((port) => ({ ...port, protocol: portProtocol[port.protocol] })),
      linux: { cgroupParent: this.#cgroup, securityContext: { namespaceOptions: this.#namespaces } },
    };
  }

  get id(): string {
    return this.#id;
  }

  async #start(runtimeHandler: Handler): Promise<void> {
    this.#rig.makePodCgroup(this.#cgroup);
    mkdirSync(this.#config.logDirectory ?? "", { recursive: true });
    const { podSandboxId } = await this.#rig.cri.call("RuntimeService/RunPodSandbox", {
      config: this.#config,
      runtimeHandler,
    });
    this.#id = podSandboxId;
  }

  /** The pod's address, as kubelet reads it after the sandbox is made. */
  async readIp(): Promise<string> {
    const { status } = await this.#rig.cri.call("RuntimeService/PodSandboxStatus", { podSandboxId: this.#id });
    return status?.network?.ip ?? "";
  }

  /** The text that is served at an address which the pod's containers use. */
  async fetchInside(url: string): Promise<string> {
    const namespaces = (await this.#rig.run(["find", "/run/netns", "-name", "cni-*"])).trim().split("\n");
    const ip = await this.readIp();
    for (const namespace of namespaces) {
      const routes = await this.#rig.run(["nsenter", `--net=${namespace}`, "cat", "/proc/net/fib_trie"]);
      if (routes.includes(`${ip}\n`)) return this.#rig.fetchTextInside(namespace, url);
    }
    throw new KwasmError("not-found", `finding the network of the pod with address "${ip}": there is none`);
  }

  async readState(): Promise<number | undefined> {
    const { status } = await this.#rig.cri.call("RuntimeService/PodSandboxStatus", { podSandboxId: this.#id });
    return status?.state;
  }

  /** Creates and starts a container, and returns its id. */
  async startContainer(options: ContainerOptions): Promise<string> {
    const { image } = await this.#rig.cri.call("ImageService/ImageStatus", { image: { image: options.image } });
    if (image === undefined) {
      throw new KwasmError("not-found", `starting "${options.name}": there is no image "${options.image}"`);
    }
    mkdirSync(join(this.#config.logDirectory ?? "", options.name), { recursive: true });
    const { containerId } = await this.#rig.cri.call("RuntimeService/CreateContainer", {
      podSandboxId: this.#id,
      config: { ...this.#configOf(options), image: { image: image.id }, linux: this.#linuxOf(options) },
      sandboxConfig: this.#config,
    });
    this.#containers.set(containerId, options.name);
    await this.#rig.cri.call("RuntimeService/StartContainer", { containerId });
    return containerId;
  }

  #configOf(options: ContainerOptions) {
    return {
      metadata: { name: options.name, attempt: options.attempt ?? 0 },
      command: options.command ?? [],
      args: options.args ?? [],
      workingDir: options.workingDirectory ?? "",
      envs: entriesOf(options.env ?? {}),
      mounts: [
        ...Object.entries(options.volumes ?? {}).map(([containerPath, hostPath]) => ({ containerPath, hostPath })),
        ...(options.mounts ?? []),
      ],
      annotations: entriesOf(portsAnnotation(options.ports ?? [])),
      logPath: logPathOf(options.name),
      stdin: options.stdin !== undefined,
      stdinOnce: options.stdin === "once",
      tty: options.tty ?? false,
    };
  }

  #linuxOf(options: ContainerOptions) {
    return {
      resources: { cpuShares: 2n, memoryLimitInBytes: BigInt(options.memoryBytesMax ?? 0) },
      securityContext: { namespaceOptions: { ...this.#namespaces, ...targetOf(options) }, ...securityOf(options) },
    };
  }

  async readStatus(containerId: string): Promise<ContainerStatus> {
    const { status } = await this.#rig.cri.call("RuntimeService/ContainerStatus", { containerId });
    if (status === undefined) throw new KwasmError("internal", `asking for "${containerId}": the answer has no status`);
    return status;
  }

  /** The states of the pod's containers by their ids. */
  async listContainers(): Promise<Readonly<Record<string, number>>> {
    const filter = { podSandboxId: this.#id };
    const { containers } = await this.#rig.cri.call("RuntimeService/ListContainers", { filter });
    return Object.fromEntries(containers.map(({ id, state }) => [id, state]));
  }

  /**
   * Asks until the container has ended, as kubelet's pod lifecycle event generator does, and its log is whole: containerd
   * tells the end before it has written the last lines, see cri/io/logger.go.
   */
  waitForExit(containerId: string): Promise<ContainerStatus> {
    const log = this.#logOf(this.#containers.get(containerId) ?? "");
    return askUntil(`the end of container "${containerId}"`, async () => {
      const status = await this.readStatus(containerId);
      return status.state === containerState.exited && !this.#rig.isOpenInContainerd(log) ? status : undefined;
    });
  }

  #logOf(name: string): string {
    return join(this.#config.logDirectory ?? "", logPathOf(name));
  }

  /** The whole lines of a container's log as containerd wrote them, without their times. */
  readLog(name: string): readonly string[] {
    const text = readFileSync(this.#logOf(name), "utf8");
    const lines = text.split("\n").slice(0, -1);
    return lines.map((line) => line.slice(line.indexOf(" ") + 1));
  }

  /** Resolves when a container's log has more than so many lines. */
  async waitForOutput(name: string, linesBefore = 0): Promise<void> {
    const changes = watch(join(this.#config.logDirectory ?? "", name));
    const written = Promise.withResolvers<void>();
    const check = () => this.readLog(name).length > linesBefore && written.resolve();
    changes.on("change", check);
    try {
      check();
      await written.promise;
    } finally {
      changes.close();
    }
  }

  async stop(graceSeconds = 1): Promise<void> {
    for (const containerId of this.#containers.keys()) {
      await this.#rig.cri.call("RuntimeService/StopContainer", { containerId, timeout: BigInt(graceSeconds) });
    }
    await this.#rig.cri.call("RuntimeService/StopPodSandbox", { podSandboxId: this.#id });
  }

  /** What kubelet's collection does with a pod that was stopped: it stops the sandbox once more. */
  async remove(): Promise<void> {
    for (const containerId of this.#containers.keys()) {
      await this.#rig.cri.call("RuntimeService/RemoveContainer", { containerId });
    }
    await this.#rig.cri.call("RuntimeService/StopPodSandbox", { podSandboxId: this.#id });
    await this.#rig.cri.call("RuntimeService/RemovePodSandbox", { podSandboxId: this.#id });
    this.#rig.removePodCgroup(this.#cgroup);
  }
}

/** A container sees its own processes, and one that debugs another sees that one's. */
function targetOf({ targetId }: ContainerOptions) {
  return targetId === undefined ? {} : { pid: namespaceMode.target, targetId };
}

function logPathOf(name: string): string {
  return join(name, "0.log");
}

/** As kubelet tells ports, which has no other way to: newContainerAnnotations in kuberuntime/labels.go. */
function portsAnnotation(ports: readonly (number | DeclaredPort)[]): Readonly<Record<string, string>> {
  if (ports.length === 0) return {};
  const declared = ports.map((port) => (typeof port === "number" ? { containerPort: port, protocol: "TCP" } : port));
  return { "io.kubernetes.container.ports": JSON.stringify(declared) };
}

/** As kubelet tells a container's user; what is left out is the image's. */
function securityOf({ user, isRootReadOnly = false }: ContainerOptions) {
  if (user === undefined) return { readonlyRootfs: isRootReadOnly };
  return {
    readonlyRootfs: isRootReadOnly,
    runAsUser: { value: BigInt(user.uid) },
    ...(user.gid === undefined ? {} : { runAsGroup: { value: BigInt(user.gid) } }),
    supplementalGroups: packNumbers(user.groups ?? []),
  };
}

/** A map, as it travels. */
function entriesOf(map: Readonly<Record<string, string>>): readonly MapEntry[] {
  return Object.entries(map).map(([key, value]) => ({ key, value }));
}
