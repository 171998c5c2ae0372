import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { KwasmError } from "#base";
import type { KubeObject, Pod } from "../kinds/index.ts";
import { keyOf } from "../store/object-key.ts";
import type { ObjectChange } from "../store/object-store.ts";
import { recordPodEvent, type PodContext } from "./pod-context.ts";
import { PodRunner } from "./pod-runner.ts";
import { serviceNames } from "./service-names.ts";

/** Pods on one machine. Each costs a few listeners and some 50 kB here; addresses would last for more. */
export const POD_COUNT_MAX = 10_000;

/** Wait before a pod's object that the disk would not forget is removed again. */
const REMOVAL_RETRY_MS = 1_000;

interface Removal {
  readonly runner: PodRunner | undefined;
  readonly graceSeconds: number;
  readonly done: Promise<void>;
}

/** Follows the store: a runner for each pod in it, and none for others. */
export class PodManager {
  readonly #context: PodContext;
  readonly #runners = new Map<string, PodRunner>();
  readonly #removals = new Map<string, Removal>();
  #stopFollowing: () => void = () => undefined;
  #areNamesDue = false;
  #isClosed = false;

  constructor(context: PodContext) {
    this.#context = context;
  }

  /** Starts what the store says should run, after removing what control's last life left behind. */
  async start(): Promise<void> {
    const pods = this.#context.store.list("Pod");
    await this.#clearRuntime();
    await this.#removeStale(pods);
    this.#stopFollowing = this.#context.store.onChange((change) => this.#follow(change));
    for (const pod of pods) {
      if (pod.metadata.deletionTimestamp === undefined) this.#add(pod);
      else this.#remove(pod);
    }
  }

  /** An image or an object may have come that blocked containers wait for. */
  retryBlocked(): void {
    for (const runner of this.#runners.values()) runner.retryIfBlocked();
  }

  /** Ends all guests and leaves what is stored as it is. `graceMs` bounds each pod's own grace. */
  async close(graceMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopFollowing();
    const runners = [...this.#runners.values()];
    const removals = [...this.#removals.values()];
    for (const { runner } of removals) if (runner !== undefined) this.#hurry(runner, graceMs);
    await Promise.all([...removals.map(({ done }) => done), ...runners.map((runner) => runner.suspend(graceMs))]);
  }

  #follow({ type, object }: ObjectChange): void {
    switch (object.kind) {
      case "Pod":
        this.#followPod(type, object);
        return;
      case "Service":
        this.#refreshNames();
        return;
      case "ConfigMap":
      case "Secret":
      case "RuntimeClass":
        if (type !== "DELETED") this.#refreshFrom(object);
        return;
      default:
    }
  }

  #followPod(type: ObjectChange["type"], pod: Pod): void {
    if (type === "ADDED") this.#add(pod);
    if (type === "MODIFIED" && pod.metadata.deletionTimestamp !== undefined) this.#remove(pod);
    if (this.#context.store.list("Service", pod.metadata.namespace).some(({ spec }) => spec.clusterIP === "None")) {
      this.#refreshNames();
    }
  }

  #add(pod: Pod): void {
    const runner = new PodRunner(this.#context, pod);
    this.#runners.set(runner.uid, runner);
    runner.start();
  }

  /** Deletion may be seen more than once, and for pods that never got a runner. A shorter grace replaces a longer one. */
  #remove(pod: Pod): void {
    const uid = pod.metadata.uid ?? "";
    const graceSeconds = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds;
    const running = this.#removals.get(uid);
    if (running !== undefined) {
      if (running.runner === undefined || graceSeconds >= running.graceSeconds) return;
      this.#removals.set(uid, { ...running, graceSeconds });
      this.#hurry(running.runner, graceSeconds * 1_000);
      return;
    }
    const runner = this.#runners.get(uid);
    this.#runners.delete(uid);
    const done = this.#removeFully(pod, runner, graceSeconds).finally(() => this.#removals.delete(uid));
    this.#removals.set(uid, { runner, graceSeconds, done });
  }

  #hurry(runner: PodRunner, graceMs: number): void {
    runner.hurry(graceMs).catch((error: unknown) => {
      this.#context.log.error("hurry of a pod failed", { reason: KwasmError.from(error, "end a pod").message });
    });
  }

  async #removeFully(pod: Pod, runner: PodRunner | undefined, graceSeconds: number): Promise<void> {
    const context = this.#context;
    try {
      await runner?.remove(graceSeconds * 1_000);
      await this.#removeFiles(pod);
    } catch (error) {
      const { message } = KwasmError.from(error, `remove pod "${pod.metadata.name}"`);
      context.log.error("remove of a pod failed", { reason: message });
      recordPodEvent(context, pod, { type: "Warning", reason: "FailedKillPod", message });
    }
    const address = context.store.get("Pod", pod.metadata.name, pod.metadata.namespace)?.status?.podIP;
    if (address !== undefined) context.addresses.release(address);
    await this.#forget(pod);
  }

  /** Once everything of a pod is gone its object goes too, as soon as the disk takes that. */
  async #forget(pod: Pod): Promise<void> {
    const { store, clock, log } = this.#context;
    for (;;) {
      try {
        return store.remove(keyOf(pod));
      } catch (error) {
        log.error("removal of a pod's object failed", { reason: KwasmError.from(error, "remove a pod").message });
        // The next control goes on with what is stored as being deleted.
        if (this.#isClosed) return;
        await clock.sleep(REMOVAL_RETRY_MS);
      }
    }
  }

  async #removeFiles(pod: Pod): Promise<void> {
    const { namespace, name, uid = name } = pod.metadata;
    const { paths } = this.#context;
    await rm(paths.podDir(uid), { recursive: true, force: true });
    await rm(paths.podLogDir({ namespace, name, uid }), { recursive: true, force: true });
  }

  #refreshFrom(object: KubeObject): void {
    for (const runner of this.#runners.values()) {
      runner.refreshVolumes(object);
      runner.retryIfBlocked();
    }
  }

  /** Many changes of one turn of the event loop make one round over the pods. */
  #refreshNames(): void {
    if (this.#areNamesDue) return;
    this.#areNamesDue = true;
    setImmediate(() => {
      this.#areNamesDue = false;
      if (this.#isClosed) return;
      const names = serviceNames(this.#context.store);
      for (const runner of this.#runners.values()) runner.refreshHosts(names);
    });
  }

  /** The runtime's own memory of control's last life: its guests are gone, and pods open their sandboxes anew. */
  async #clearRuntime(): Promise<void> {
    const { runtime } = this.#context;
    for (const { id } of runtime.listSandboxes()) await runtime.deleteSandbox(id);
    for (const { id } of runtime.listWorkloads()) await runtime.deleteWorkload(id);
  }

  /** Folders of pods that are in the store no more: control died between the end of a pod and the end of its files. */
  async #removeStale(pods: readonly Pod[]): Promise<void> {
    const { paths } = this.#context;
    const known = new Set(pods.map(({ metadata }) => metadata.uid ?? metadata.name));
    for (const name of await namesIn(paths.podsDir)) {
      if (!known.has(name)) await rm(join(paths.podsDir, name), { recursive: true, force: true });
    }
    for (const name of await namesIn(paths.logsDir)) {
      if (!known.has(name.slice(name.lastIndexOf("_") + 1))) {
        await rm(join(paths.logsDir, name), { recursive: true, force: true });
      }
    }
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (KwasmError.from(error, "list").code === "not-found") return [];
    throw error;
  }
}
