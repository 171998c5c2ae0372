import type { MappedPorts } from "#api";
import { KwasmError } from "#base";
import type { KubeObject, Pod, Volume } from "../kinds/index.ts";
import { ContainerRunner } from "./container-runner.ts";
import type { ContainerRules } from "./container-state.ts";
import type { HostsEntry } from "./host-files.ts";
import { type PodContext, recordPodEvent } from "./pod-context.ts";
import { PodFiles } from "./pod-files.ts";
import { portNumberOf } from "./pod-ports.ts";
import { closePodSandbox, openPodSandbox, type PodSandbox } from "./pod-sandbox.ts";
import { statusOfPod } from "./pod-status.ts";
import { objectSources, prepareContainer, type Prepared } from "./prepare-container.ts";
import { restoreState } from "./restore-state.ts";

/** Wait before a status that could not be written is written again: by then there may be room on the disk. */
const STATUS_RETRY_MS = 1_000;

/** Runs one pod: its sandbox, its files, its containers. The pod's spec never changes; its status is written here. */
export class PodRunner {
  readonly #context: PodContext;
  readonly #pod: Pod;
  readonly #files: PodFiles;
  readonly #containers: readonly ContainerRunner[];
  readonly #startedAtMs: number;
  readonly #closing = new AbortController();
  /** Aborted when the time to drain is cut short. */
  readonly #hurried = new AbortController();
  /** Aborted when the guests of a removed pod have ended. */
  readonly #removed = new AbortController();
  #sandbox: Promise<PodSandbox> | undefined;
  #opened: PodSandbox | undefined;
  #failure: { readonly reason: string; readonly message: string } | undefined;
  #isStatusDue = false;
  /** Set once control itself ends: what is stored then is where the pod goes on later. */
  #isFrozen = false;

  constructor(context: PodContext, pod: Pod) {
    this.#context = context;
    this.#pod = pod;
    this.#files = new PodFiles(context.paths.podDir(uidOf(pod)), pod);
    this.#startedAtMs = Date.parse(pod.status?.startTime ?? "") || context.clock.nowMs();
    this.#failure =
      pod.status?.phase === "Failed" && pod.status.reason !== undefined ? failureOf(pod.status) : undefined;
    this.#containers = pod.spec.containers.map((container) => this.#createContainer(container));
  }

  get uid(): string {
    return uidOf(this.#pod);
  }

  start(): void {
    this.#scheduleStatus();
    if (this.#failure !== undefined) return;
    for (const container of this.#containers) container.start();
    this.#watchDeadline();
  }

  /**
   * Ends the guests, closes the sandbox and removes the pod's files. A guest of WASI cannot catch SIGTERM, so the grace
   * is spent before it: on answering what Services have sent here.
   */
  async remove(graceMs: number): Promise<void> {
    recordPodEvent(this.#context, this.#pod, {
      type: "Normal",
      reason: "Killing",
      message: `Stopping pod ${this.#pod.metadata.name}`,
    });
    await this.#end(await this.#drain(graceMs));
    this.#removed.abort();
    await this.#closeSandbox();
    await this.#files.remove();
  }

  /** The pod is being removed already, and has less time for it now. */
  async hurry(graceMs: number): Promise<void> {
    const isTimeUp = await this.#context.clock.sleep(graceMs, this.#removed.signal).then(
      () => true,
      () => false,
    );
    if (!isTimeUp) return;
    this.#hurried.abort();
    await this.#end(0);
  }

  /** Control ends: guests end too, and what is stored of the pod stays as it is. */
  async suspend(graceMs: number): Promise<void> {
    this.#isFrozen = true;
    await this.#end(graceMs);
    await this.#closeSandbox();
  }

  retryIfBlocked(): void {
    for (const container of this.#containers) container.retryIfBlocked();
  }

  refreshHosts(entries: readonly HostsEntry[]): void {
    const address = this.#opened?.address;
    if (address !== undefined) this.#guard("refresh the hosts file", this.#files.refreshHosts(address, entries));
  }

  /** A ConfigMap or Secret changed. */
  refreshVolumes(changed: KubeObject): void {
    if (this.#opened === undefined || !this.#pod.spec.volumes.some((volume) => isFrom(volume, changed))) return;
    const sources = objectSources(this.#context, this.#pod);
    this.#guard(
      "refresh a volume",
      this.#files.refreshVolumes((volume) => isFrom(volume, changed), sources),
    );
  }

  #createContainer(container: Pod["spec"]["containers"][number]): ContainerRunner {
    const rules: ContainerRules = {
      restartPolicy: this.#pod.spec.restartPolicy,
      hasStartupProbe: container.startupProbe !== undefined,
      hasReadinessProbe: container.readinessProbe !== undefined,
    };
    const status = this.#pod.status?.containerStatuses.find(({ name }) => name === container.name);
    return new ContainerRunner({
      context: this.#context,
      pod: this.#pod,
      container,
      state: restoreState(status, rules, this.#context.clock.nowMs()),
      rules,
      prepare: (restartCount) => this.#prepare(container, restartCount),
      probeTarget: () => ({ address: this.#opened?.address ?? "", portOf: (port) => this.#realPort(port) }),
      onChange: () => this.#scheduleStatus(),
    });
  }

  #prepare(container: Pod["spec"]["containers"][number], restartCount: number): Promise<Prepared> {
    const pod = this.#stored() ?? this.#pod;
    const openSandbox = (): Promise<PodSandbox> => this.#openSandbox();
    return prepareContainer({
      context: this.#context,
      pod,
      container,
      restartCount,
      openSandbox,
      files: this.#files,
      signal: this.#closing.signal,
    });
  }

  /** One sandbox for all containers; a failed attempt is forgotten, so that the next one tries again. */
  #openSandbox(): Promise<PodSandbox> {
    this.#sandbox ??= openPodSandbox(this.#context, this.#stored() ?? this.#pod).then(
      (sandbox) => {
        this.#opened = sandbox;
        this.#scheduleStatus();
        return sandbox;
      },
      (error: unknown) => {
        this.#sandbox = undefined;
        throw error;
      },
    );
    return this.#sandbox;
  }

  async #closeSandbox(): Promise<void> {
    if (this.#sandbox === undefined) return;
    await closePodSandbox(this.#context, this.#pod);
  }

  /** Returns what is left of the grace. */
  async #drain(graceMs: number): Promise<number> {
    const { clock, drain } = this.#context;
    const address = this.#opened?.address;
    if (graceMs === 0 || address === undefined) return graceMs;
    const startedAtMs = clock.nowMs();
    const drained = new AbortController();
    // The sleep rejects only where it is cut short, which ends the wait just as well.
    const timeUp = clock.sleep(graceMs, AbortSignal.any([this.#hurried.signal, drained.signal])).catch(() => undefined);
    await Promise.race([drain(address), timeUp]);
    drained.abort();
    return this.#hurried.signal.aborted ? 0 : Math.max(graceMs - (clock.nowMs() - startedAtMs), 0);
  }

  async #end(graceMs: number): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#containers.map((container) => container.end(graceMs)));
  }

  #realPort(port: number | string): number | undefined {
    const declared = portNumberOf(this.#pod, port);
    const mapped: MappedPorts | undefined = this.#opened?.mappedPorts;
    return declared === undefined ? undefined : (mapped?.get(declared) ?? declared);
  }

  #watchDeadline(): void {
    const seconds = this.#pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const leftMs = this.#startedAtMs + seconds * 1_000 - this.#context.clock.nowMs();
    this.#guard("watch the deadline of a pod", this.#endAfter(Math.max(leftMs, 0)));
  }

  async #endAfter(leftMs: number): Promise<void> {
    const isDue = await this.#context.clock.sleep(leftMs, this.#closing.signal).then(
      () => true,
      () => false,
    );
    if (!isDue) return;
    this.#failure = {
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    };
    recordPodEvent(this.#context, this.#pod, { type: "Normal", ...this.#failure });
    await this.#end(this.#pod.spec.terminationGracePeriodSeconds * 1_000);
    this.#scheduleStatus();
  }

  /** Many changes of one turn of the event loop make one write. */
  #scheduleStatus(): void {
    if (this.#isStatusDue || this.#isFrozen) return;
    this.#isStatusDue = true;
    setImmediate(() => {
      this.#isStatusDue = false;
      if (!this.#isFrozen) this.#tryToWriteStatus();
    });
  }

  /** Nobody waits for a status: one that the disk does not take is written later. */
  #tryToWriteStatus(): void {
    const { clock, log } = this.#context;
    try {
      this.#writeStatus();
    } catch (error) {
      log.error("write of a pod's status failed", { reason: KwasmError.from(error, "write a status").message });
      clock.sleep(STATUS_RETRY_MS, this.#removed.signal).then(
        () => this.#scheduleStatus(),
        () => undefined,
      );
    }
  }

  #writeStatus(): void {
    const stored = this.#stored();
    if (stored === undefined) return;
    const report = {
      restartPolicy: this.#pod.spec.restartPolicy,
      podIP: this.#opened?.address ?? stored.status?.podIP,
      startedAtMs: this.#startedAtMs,
      containers: this.#containers.map((container) => container.report),
      isDeleting: stored.metadata.deletionTimestamp !== undefined,
      failure: this.#failure,
    };
    const nowMs = this.#context.clock.nowMs();
    this.#context.store.update(stored, (pod) => ({ ...pod, status: statusOfPod(report, pod.status, nowMs) }));
  }

  #stored(): Pod | undefined {
    const { name, namespace } = this.#pod.metadata;
    const stored = this.#context.store.get("Pod", name, namespace);
    return stored?.metadata.uid === this.#pod.metadata.uid ? stored : undefined;
  }

  #guard(action: string, work: Promise<void>): void {
    work.catch((error: unknown) => {
      const { message } = KwasmError.from(error, action);
      recordPodEvent(this.#context, this.#pod, { type: "Warning", reason: "FailedMount", message });
    });
  }
}

function uidOf(pod: Pod): string {
  return pod.metadata.uid ?? pod.metadata.name;
}

function failureOf(status: { readonly reason?: string; readonly message?: string }): {
  readonly reason: string;
  readonly message: string;
} {
  return { reason: status.reason ?? "", message: status.message ?? "" };
}

function isFrom(volume: Volume, object: KubeObject): boolean {
  const { name } = object.metadata;
  if (object.kind === "ConfigMap") return volume.configMap?.name === name;
  return object.kind === "Secret" && volume.secret?.secretName === name;
}
