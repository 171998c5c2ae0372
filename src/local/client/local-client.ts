import { KwasmError } from "#base";
import { isRolledOut } from "../controllers/deployment-status.ts";
import type {
  ApplyResult,
  DeleteRequest,
  Description,
  DownRequest,
  Health,
  ObjectQuery,
  ScaleRequest,
  WatchLine,
} from "../daemon/api.ts";
import type { ContainerStatus, Deployment, KubeObject, ObjectKey, Pod } from "../kinds/index.ts";
import { readLog, type ReadLogOptions } from "../logs/read-log.ts";
import { isStatusReady } from "../pods/pod-status.ts";
import { containerLogPath, type StatePaths } from "../store/state-paths.ts";
import { type ApiCall, callApi, streamApi } from "./api-call.ts";

export interface LogsRequest {
  readonly namespace: string;
  readonly pod: string;
  /** The pod's only or first container when absent. */
  readonly container?: string;
  readonly follow?: boolean;
  /** The run before the present one. */
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly sinceMs?: number;
  readonly timestamps?: boolean;
  readonly signal?: AbortSignal;
}

/** What the commands ask of the control process. Each call is a connection of its own, so there is nothing to close. */
export class LocalClient {
  readonly #paths: StatePaths;

  constructor(paths: StatePaths) {
    this.#paths = paths;
  }

  health(signal?: AbortSignal): Promise<Health> {
    return this.#call<Health>({ method: "GET", path: "/health", ...(signal === undefined ? {} : { signal }) });
  }

  async apply(objects: readonly KubeObject[]): Promise<readonly ApplyResult[]> {
    const answer = await this.#call<{ results: ApplyResult[] }>({ method: "POST", path: "/apply", body: { objects } });
    return answer.results;
  }

  async list(query: ObjectQuery): Promise<readonly KubeObject[]> {
    const answer = await this.#call<{ objects: KubeObject[] }>({
      method: "GET",
      path: "/objects",
      parameters: { ...query },
    });
    return answer.objects;
  }

  describe(key: ObjectKey): Promise<Description> {
    return this.#call<Description>({ method: "GET", path: "/describe", parameters: { ...key } });
  }

  async scale(request: ScaleRequest): Promise<Deployment> {
    const answer = await this.#call<{ object: Deployment }>({ method: "POST", path: "/scale", body: request });
    return answer.object;
  }

  /** Returns the keys that were there. Pods and namespaces may still be ending: see `waitUntilGone`. */
  async delete(request: DeleteRequest): Promise<readonly ObjectKey[]> {
    const answer = await this.#call<{ keys: ObjectKey[] }>({ method: "POST", path: "/delete", body: request });
    return answer.keys;
  }

  /** Ends the control process and everything that it runs; resolves when it is gone. */
  async down(request: DownRequest): Promise<void> {
    const call = this.#apiCall({ method: "POST", path: "/down", body: request });
    for await (const _line of streamApi(call));
  }

  /** What is there, then every change, until the signal aborts or control ends. */
  async *watch(query: ObjectQuery, signal?: AbortSignal): AsyncGenerator<WatchLine> {
    const call = this.#apiCall({
      method: "GET",
      path: "/watch",
      parameters: { ...query },
      ...(signal === undefined ? {} : { signal }),
    });
    // The lines of `/watch` are WatchLine by the API's definition.
    for await (const line of streamApi(call)) yield line as WatchLine;
  }

  /** Resolves with the Deployment once all its pods are of its present template and available. */
  async waitForRollout(namespace: string, name: string, signal?: AbortSignal): Promise<Deployment> {
    const query = { kind: "Deployment", namespace, name } as const;
    return this.#waitFor(
      query,
      (object) => (object.kind === "Deployment" && isRolledOut(object) ? object : undefined),
      signal,
    );
  }

  /** Resolves when Services are served as the objects say that this client has seen. */
  async settle(): Promise<void> {
    await this.#call({ method: "POST", path: "/settle" });
  }

  /** Resolves with the Pod once it is ready, or has ended for good. */
  async waitForPod(namespace: string, name: string, signal?: AbortSignal): Promise<Pod> {
    return this.#waitFor(
      { kind: "Pod", namespace, name },
      (object) => (object.kind === "Pod" && isSettled(object) ? object : undefined),
      signal,
    );
  }

  /** Resolves once an object is there no more. */
  async waitUntilGone(key: ObjectKey, signal?: AbortSignal): Promise<void> {
    const query = queryOf(key);
    let isThere = false;
    for await (const line of this.watch(query, signal)) {
      if (line.type === "ADDED") isThere = true;
      if (line.type === "DELETED" || (line.type === "SYNCED" && !isThere)) return;
    }
    throw interrupted(key);
  }

  /** Yields text as `kubectl logs` prints it. Reads the log's file itself; control only says which it is. */
  async *logs(request: LogsRequest): AsyncGenerator<string> {
    const { namespace, pod: name } = request;
    const [pod] = await this.list({ kind: "Pod", namespace, name });
    if (pod?.kind !== "Pod") throw new KwasmError("not-found", `read logs of pod "${name}": there is none`);
    const status = containerOf(pod, request.container);
    const folder = this.#paths.podLogDir({ namespace, name, uid: pod.metadata.uid ?? name });
    const path = containerLogPath(folder, status.name, runToShow(pod, status, request.previous === true));
    const isFollowed = request.follow === true && request.previous !== true && status.state.running !== undefined;
    if (isFollowed) yield* this.#follow(path, pod, status, request);
    else yield* readLog(path, formatOf(request));
  }

  async *#follow(path: string, pod: Pod, run: ContainerStatus, request: LogsRequest): AsyncGenerator<string> {
    const over = new AbortController();
    const signal = request.signal === undefined ? over.signal : AbortSignal.any([over.signal, request.signal]);
    const watching = this.#watchRun(pod, run, signal).finally(() => over.abort());
    try {
      yield* readLog(path, { ...formatOf(request), follow: signal });
    } finally {
      over.abort();
      await watching;
    }
  }

  /** Resolves when that run of the container has ended, or control has. */
  async #watchRun(pod: Pod, run: ContainerStatus, signal: AbortSignal): Promise<void> {
    const { name, namespace } = pod.metadata;
    try {
      for await (const line of this.watch({ kind: "Pod", namespace, name }, signal)) {
        if (line.type !== "SYNCED" && !isStillRunning(line, pod, run)) return;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #waitFor<Found>(
    query: ObjectQuery,
    pick: (object: KubeObject) => Found | undefined,
    signal?: AbortSignal,
  ): Promise<Found> {
    for await (const line of this.watch(query, signal)) {
      if (line.type === "SYNCED") continue;
      if (line.type === "DELETED") {
        throw new KwasmError("not-found", `wait for ${query.kind} "${query.name}": it was deleted`);
      }
      const found = pick(line.object);
      if (found !== undefined) return found;
    }
    throw interrupted({ kind: query.kind, name: query.name ?? "" });
  }

  /** The API's types are one definition for both ends, and both ends are the same program. */
  async #call<Answer>(call: Omit<ApiCall, "socketPath">): Promise<Answer> {
    return (await callApi(this.#apiCall(call))) as Answer;
  }

  #apiCall(call: Omit<ApiCall, "socketPath">): ApiCall {
    return { ...call, socketPath: this.#paths.socket };
  }
}

function queryOf(key: ObjectKey): ObjectQuery {
  // Keys of this API carry kinds that control knows; it checks them again.
  return { ...key, kind: key.kind as KubeObject["kind"] };
}

function containerOf(pod: Pod, wanted: string | undefined): ContainerStatus {
  const statuses = pod.status?.containerStatuses ?? [];
  const found = wanted === undefined ? statuses[0] : statuses.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  const names = pod.spec.containers.map(({ name }) => `"${name}"`).join(", ");
  throw new KwasmError(
    "not-found",
    `read logs of container "${wanted ?? ""}" of pod "${pod.metadata.name}": it has ${names}`,
  );
}

/** Between two runs the one that ended is shown, as `kubectl logs` does. Throws `not-found` for a run that never was. */
function runToShow(pod: Pod, status: ContainerStatus, isPrevious: boolean): number {
  const { running, waiting } = status.state;
  const isBetweenRuns = running === undefined && waiting?.reason === "ContainerCreating" && status.restartCount > 0;
  const run = status.restartCount - Number(isBetweenRuns) - Number(isPrevious);
  if (run >= 0) return run;
  const message = `read logs of the run before: container "${status.name}" of pod "${pod.metadata.name}" has had one run only`;
  throw new KwasmError("not-found", message);
}

function formatOf({ timestamps, sinceMs, tailLines }: LogsRequest): ReadLogOptions {
  return {
    timestamps: timestamps === true,
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(tailLines === undefined ? {} : { tailLines }),
  };
}

function isStillRunning(line: Exclude<WatchLine, { type: "SYNCED" }>, pod: Pod, run: ContainerStatus): boolean {
  const { object } = line;
  if (line.type === "DELETED" || object.kind !== "Pod" || object.metadata.uid !== pod.metadata.uid) return false;
  const status = object.status?.containerStatuses.find(({ name }) => name === run.name);
  return status?.restartCount === run.restartCount && status.state.running !== undefined;
}

function isSettled({ status }: Pod): boolean {
  return isStatusReady(status) || status?.phase === "Succeeded" || status?.phase === "Failed";
}

function interrupted(key: ObjectKey): KwasmError {
  return new KwasmError("cancelled", `wait for ${key.kind} "${key.name}": the wait was ended`);
}
