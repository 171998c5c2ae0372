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
  /** TCP ports that the container declares. */
  readonly ports?: readonly number[];
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
  readonly #containers = new Map<string, string>();
  #id = "";

  /** Makes the pod's cgroup and log folder, then its sandbox. */
  static async start(rig: ContainerdRig, handler: Handler): Promise<Pod> {
    const pod = new Pod(rig);
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

  private constructor(rig: ContainerdRig) {
    const uid = randomUUID();
    const name = `pod-${uid.slice(0, 8)}`;
    this.#rig = rig;
    this.#cgroup = `/kubepods/pod${uid}`;
    this.#config = {
      metadata: { name, uid, namespace: "default" },
      hostname: name,
      logDirectory: join(rig.logDirectory, `default_${name}_${uid}`),
      dnsConfig: { servers: ["10.96.0.10"], searches: ["default.svc.cluster.local"] },
      labels: entriesOf({ "io.kubernetes.pod.name": name, "io.kubernetes.pod.uid": uid }),
      linux: {
        cgroupParent: this.#cgroup,
        securityContext: { namespaceOptions: { pid: namespaceMode.container } },
      },
    };
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
      config: {
        metadata: { name: options.name },
        image: { image: image.id },
        command: options.command ?? [],
        envs: entriesOf(options.env ?? {}),
        annotations: entriesOf(portsAnnotation(options.ports ?? [])),
        logPath: logPathOf(options.name),
        linux: {
          resources: { cpuShares: 2n, memoryLimitInBytes: BigInt(options.memoryBytesMax ?? 0) },
          securityContext: { namespaceOptions: { pid: namespaceMode.container } },
        },
      },
      sandboxConfig: this.#config,
    });
    this.#containers.set(options.name, containerId);
    await this.#rig.cri.call("RuntimeService/StartContainer", { containerId });
    return containerId;
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

  /** Asks until the container has ended, as kubelet's pod lifecycle event generator does. */
  waitForExit(containerId: string): Promise<ContainerStatus> {
    return askUntil(`the end of container "${containerId}"`, async () => {
      const status = await this.readStatus(containerId);
      return status.state === containerState.exited ? status : undefined;
    });
  }

  /** The whole lines of a container's log as containerd wrote them, without their times. */
  readLog(name: string): readonly string[] {
    const text = readFileSync(join(this.#config.logDirectory ?? "", logPathOf(name)), "utf8");
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
    for (const containerId of this.#containers.values()) {
      await this.#rig.cri.call("RuntimeService/StopContainer", { containerId, timeout: BigInt(graceSeconds) });
    }
    await this.#rig.cri.call("RuntimeService/StopPodSandbox", { podSandboxId: this.#id });
  }

  /** What kubelet's collection does with a pod that was stopped: it stops the sandbox once more. */
  async remove(): Promise<void> {
    for (const containerId of this.#containers.values()) {
      await this.#rig.cri.call("RuntimeService/RemoveContainer", { containerId });
    }
    await this.#rig.cri.call("RuntimeService/StopPodSandbox", { podSandboxId: this.#id });
    await this.#rig.cri.call("RuntimeService/RemovePodSandbox", { podSandboxId: this.#id });
    this.#rig.removePodCgroup(this.#cgroup);
  }
}

function logPathOf(name: string): string {
  return join(name, "0.log");
}

/** As kubelet tells ports, which has no other way to: newContainerAnnotations in kuberuntime/labels.go. */
function portsAnnotation(ports: readonly number[]): Readonly<Record<string, string>> {
  if (ports.length === 0) return {};
  const declared = ports.map((containerPort) => ({ containerPort, protocol: "TCP" }));
  return { "io.kubernetes.container.ports": JSON.stringify(declared) };
}

/** A map, as it travels. */
function entriesOf(map: Readonly<Record<string, string>>): readonly MapEntry[] {
  return Object.entries(map).map(([key, value]) => ({ key, value }));
}
