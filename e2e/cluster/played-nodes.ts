import { formatInstallReport, type InstallReport } from "#api";
import { silentLog } from "#base";
import {
  createInformer,
  fieldAt,
  isApiError,
  keyOf,
  type KubeClient,
  type KubeObject,
  listAt,
  type NewObject,
  type OwnerReference,
  resourceTypes,
  textAt,
} from "#kube";

/** What is on a node that is played. */
export interface PlayedNode {
  hasRuntime: boolean;
  /** Requests by the names of shims. */
  readonly shims: Map<string, string>;
}

/** What an installer does on a node that is played; undefined: what it is asked for. */
export type Script = (action: string, shim: string) => Partial<InstallReport> | undefined;

const noUid = "";

/**
 * Plays the nodes of an API server, and Kubernetes' controllers of what belongs to Jobs and Shims: a pod of a Job runs
 * and ends with a report, a probe runs where the runtime is, and what belonged to an object that is gone goes too.
 */
export class PlayedNodes implements AsyncDisposable {
  readonly nodes = new Map<string, PlayedNode>();
  script: Script = () => undefined;
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #ended = new AbortController();
  readonly #cleanup = new DisposableStack();
  #running: Promise<unknown> = Promise.resolve();
  #playing: Promise<void> = Promise.resolve();

  constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
    const common = { client, namespace, log: silentLog };
    const jobs = this.#cleanup.use(createInformer({ ...common, type: resourceTypes.job }));
    const pods = this.#cleanup.use(createInformer({ ...common, type: resourceTypes.pod }));
    const shims = this.#cleanup.use(createInformer({ client, type: resourceTypes.shim, log: silentLog }));
    jobs.onChange(({ kind, item }) => this.#play(() => this.#playJob(item, kind === "deleted")));
    pods.onChange(({ kind, item }) => kind !== "deleted" && this.#play(() => this.#playPod(item)));
    shims.onChange(({ kind, item }) => kind === "deleted" && this.#play(() => this.#removeClasses(item)));
    const { signal } = this.#ended;
    this.#running = Promise.all([jobs, pods, shims].map((informer) => informer.run(signal)));
  }

  /** Makes a Node that is Ready, with nothing on it. */
  async add(name: string, metadata: object = {}): Promise<void> {
    this.nodes.set(name, { hasRuntime: false, shims: new Map() });
    await this.#client.create(resourceTypes.node, { metadata: { name, ...metadata } });
    const nodeInfo = { operatingSystem: "linux", architecture: "amd64", bootID: `boot-of-${name}` };
    const body = { status: { conditions: [{ type: "Ready", status: "True" }], nodeInfo } };
    await this.#client.patch(resourceTypes.node, { name }, { kind: "merge", body }, { subresource: "status" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#running;
    await this.#playing;
    this.#cleanup.dispose();
  }

  /** One after the other; what was gone already is no fault. */
  #play(act: () => Promise<void>): void {
    this.#playing = this.#playing.then(act).catch((thrown: unknown) => {
      if (!isApiError(thrown, "not-found", "conflict", "already-exists")) throw thrown;
    });
  }

  async #playJob(job: KubeObject, isGone: boolean): Promise<void> {
    const { metadata } = job;
    if (isGone || metadata.deletionTimestamp !== undefined) {
      await this.#removePods(metadata.uid ?? noUid);
      const body = { metadata: { finalizers: null } };
      if (!isGone) await this.#client.patch(resourceTypes.job, metadata, { kind: "merge", body });
      return;
    }
    if (listAt(job["status"], "conditions").length > 0) return;
    const owner = {
      apiVersion: "batch/v1",
      kind: "Job",
      name: metadata.name,
      uid: metadata.uid ?? noUid,
      controller: true,
    };
    const template = fieldAt(job["spec"], "template");
    // A pod of a Job is what its template says; the API server checks it.
    const spec = fieldAt(template, "spec") as object;
    const labels = fieldAt(template, "metadata", "labels") as Record<string, string>;
    // Unlike that of an earlier Job of this name, whose pod may still be there.
    const name = { name: `${metadata.name}-${owner.uid.slice(0, 8)}`, namespace: this.#namespace };
    const pod: NewObject = { metadata: { ...name, labels, ownerReferences: [owner] }, spec };
    await this.#client.create(resourceTypes.pod, pod);
  }

  async #playPod(pod: KubeObject): Promise<void> {
    const { metadata, spec, status } = pod;
    if (metadata.deletionTimestamp !== undefined) {
      await this.#client.delete(resourceTypes.pod, metadata, { gracePeriodSeconds: 0 });
      return;
    }
    if (textAt(status, "phase") !== "Pending") return;
    const node = this.nodes.get(textAt(spec, "nodeName") ?? "");
    const job = metadata.ownerReferences?.find(({ kind }) => kind === "Job");
    if (node === undefined) return;
    if (job === undefined) {
      await this.#endPod(pod, node.hasRuntime, "");
      return;
    }
    const report = this.#install(node, spec);
    const hasSucceeded = ["installed", "unchanged", "removed"].includes(report.outcome);
    await this.#endPod(pod, hasSucceeded, formatInstallReport(report));
    await this.#endJob(job, hasSucceeded);
  }

  /** What the installer's image does on the node. */
  #install(node: PlayedNode, spec: unknown): InstallReport {
    const variables = listAt(listAt(spec, "containers")[0], "env");
    const [action = "install", shim = "{}"] = ["KWASM_ACTION", "KWASM_SHIM"].map((name) =>
      textAt(
        variables.find((one) => textAt(one, "name") === name),
        "value",
      ),
    );
    const name = textAt(JSON.parse(shim), "name") ?? "";
    const scripted = this.script(action, name);
    if (scripted !== undefined) return { ...plainReport, ...scripted };
    if (action === "install") node.hasRuntime = true;
    if (action === "uninstall") node.hasRuntime = false;
    if (action === "install-shim") node.shims.set(name, shim);
    if (action === "uninstall-shim") node.shims.delete(name);
    return { ...plainReport, outcome: action.startsWith("un") ? "removed" : "installed" };
  }

  async #endPod(pod: KubeObject, hasSucceeded: boolean, message: string): Promise<void> {
    const [container] = listAt(pod["spec"], "containers");
    const terminated = { exitCode: hasSucceeded ? 0 : 1, message, finishedAt: timeNow() };
    const one = { name: textAt(container, "name"), image: textAt(container, "image"), imageID: "", ready: false };
    const containerStatuses = [{ ...one, restartCount: 0, state: { terminated } }];
    const body = { status: { phase: hasSucceeded ? "Succeeded" : "Failed", containerStatuses } };
    await this.#client.patch(resourceTypes.pod, pod.metadata, { kind: "merge", body }, { subresource: "status" });
  }

  /** As the API server checks it: what leads to an end comes before the end. */
  async #endJob({ name, uid }: OwnerReference, hasSucceeded: boolean): Promise<void> {
    const [startTime, completionTime] = [timeNow(), timeNow()];
    const types = hasSucceeded ? ["SuccessCriteriaMet", "Complete"] : ["FailureTarget", "Failed"];
    const conditions = types.map((type) => ({ type, status: "True", lastTransitionTime: completionTime }));
    const counted = hasSucceeded ? { succeeded: 1, completionTime } : { failed: 1 };
    const body = { metadata: { uid }, status: { startTime, conditions, ...counted } };
    const object = { name, namespace: this.#namespace };
    await this.#client.patch(resourceTypes.job, object, { kind: "merge", body }, { subresource: "status" });
  }

  async #removePods(jobUid: string): Promise<void> {
    const pods = await this.#client.list(resourceTypes.pod, { namespace: this.#namespace });
    for (const { metadata } of pods) {
      if (metadata.ownerReferences?.some(({ uid }) => uid === jobUid) !== true) continue;
      await this.#client.delete(resourceTypes.pod, metadata, { gracePeriodSeconds: 0 });
    }
  }

  async #removeClasses({ metadata }: KubeObject): Promise<void> {
    for (const one of await this.#client.list(resourceTypes.runtimeClass)) {
      const isOwned = one.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
      if (isOwned) await this.#client.delete(resourceTypes.runtimeClass, one.metadata);
    }
  }
}

export function namesOf(objects: readonly KubeObject[]): readonly string[] {
  return objects.map(({ metadata }) => keyOf(metadata)).toSorted();
}

const plainReport: InstallReport = {
  reportVersion: 1,
  outcome: "installed",
  runtimeVersion: "1.2.3",
  distribution: "containerd",
  containerdVersion: "2.1.0",
  handlers: [],
  reason: "HandlersServed",
  message: "served",
};

function timeNow(): string {
  return new Date().toISOString().replace(/\.\d+Z$/u, "Z");
}
