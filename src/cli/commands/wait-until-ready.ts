import { setTimeout } from "node:timers/promises";

import { KwasmError } from "#base";
import type { Deployment, KubeObject, LocalClient, Pod } from "#local";

import { whyHopeless } from "./hopeless-pod.ts";
import { isOwnerOf } from "./owned-pods.ts";

/**
 * Without a readiness probe a container counts as ready the moment it starts, and a connection to its port is taken
 * before the guest has asked for one: only an answer by HTTP shows that it serves. One that ends at once, twice, is seen
 * within this time, and is told instead of called ready.
 */
const STEADY_MS = 500;

/** Each is watched by two connections or three, of which control's socket takes some five hundred at the same moment. */
const WORKLOADS_AT_ONCE = 100;

interface WaitOptions {
  readonly signal: AbortSignal;
  /** Told what is still missing, each time that changes. */
  readonly progress: (line: string) => void;
}

/**
 * Resolves once every Deployment has its pods, every single Pod is ready or has ended, and Services lead to them.
 * Throws `failed-precondition` as soon as a pod is seen that will not become ready by itself, and `deadline-exceeded`
 * when the signal's time is up.
 */
export async function waitUntilReady(
  client: LocalClient,
  objects: readonly KubeObject[],
  options: WaitOptions,
): Promise<void> {
  const workloads = objects.filter(isWorkload).values();
  await Promise.all(Array.from({ length: WORKLOADS_AT_ONCE }, () => waitForEach(client, workloads, options)));
  await client.settle();
}

/** What others take from the same iterator is theirs. */
async function waitForEach(client: LocalClient, workloads: Iterable<Workload>, options: WaitOptions): Promise<void> {
  for (const object of workloads) await waitForWorkload(client, object, options);
}

type Workload = Deployment | Pod;

function isWorkload(object: KubeObject): object is Workload {
  return object.kind === "Deployment" || object.kind === "Pod";
}

async function waitForWorkload(client: LocalClient, object: Workload, options: WaitOptions): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const ready = whenReady(client, object, signal);
  const failed = failWhenHopeless(client, object, signal).then(() => ready);
  const reported = reportRollout(client, object, { ...options, signal });
  try {
    await Promise.race([ready, failed]);
  } catch (thrown) {
    if (isTimeout(options.signal)) throw tooLate(object, thrown);
    throw thrown;
  } finally {
    over.abort();
    // Whatever the others still say is about a wait that is over.
    await Promise.allSettled([ready, failed, reported]);
  }
}

async function whenReady(client: LocalClient, object: Workload, signal: AbortSignal): Promise<void> {
  const { namespace, name } = object.metadata;
  if (object.kind === "Deployment") await client.waitForRollout(namespace, name, signal);
  else await client.waitForPod(namespace, name, signal);
  const { containers } = object.kind === "Deployment" ? object.spec.template.spec : object.spec;
  const isProbed = containers.every(({ readinessProbe }) => readinessProbe?.httpGet !== undefined);
  if (!isProbed) await setTimeout(STEADY_MS, undefined, { signal });
}

async function failWhenHopeless(client: LocalClient, object: Workload, signal: AbortSignal): Promise<void> {
  const { namespace } = object.metadata;
  for await (const line of client.watch({ kind: "Pod", namespace }, signal)) {
    if (line.type === "SYNCED" || line.type === "DELETED" || line.object.kind !== "Pod") continue;
    const pod = line.object;
    const why = isOwnerOf(object, pod) ? whyHopeless(object, pod) : undefined;
    if (why === undefined) continue;
    const advice = describeCommandOf(pod);
    throw new KwasmError("failed-precondition", `start pod "${pod.metadata.name}": ${why}; see '${advice}'`);
  }
}

/** Says how far a rollout is, in the words of `kubectl rollout status`. */
async function reportRollout(client: LocalClient, { kind, metadata }: Workload, options: WaitOptions): Promise<void> {
  if (kind !== "Deployment") return;
  const query = { kind, namespace: metadata.namespace, name: metadata.name };
  let said = "";
  for await (const line of client.watch(query, options.signal)) {
    if (line.type === "SYNCED" || line.object.kind !== "Deployment") continue;
    const missing = describeMissing(line.object);
    if (missing === undefined || missing === said) continue;
    options.progress(`Waiting for deployment "${metadata.name}" rollout to finish: ${missing}...`);
    said = missing;
  }
}

function describeMissing({ spec, status }: Deployment): string | undefined {
  const { updatedReplicas: updated = 0, replicas = 0, availableReplicas: available = 0 } = status ?? {};
  if (updated < spec.replicas) return `${updated} out of ${spec.replicas} new replicas have been updated`;
  if (replicas > updated) return `${replicas - updated} old replicas are pending termination`;
  return available < updated ? `${available} of ${updated} updated replicas are available` : undefined;
}

function isTimeout(signal: AbortSignal): boolean {
  return signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
}

function tooLate(object: Workload, cause: unknown): KwasmError {
  const message = `wait for ${object.kind} "${object.metadata.name}": it is not ready yet; see '${describeCommandOf(object)}'`;
  return new KwasmError("deadline-exceeded", message, { cause });
}

function describeCommandOf({ kind, metadata }: Workload): string {
  return `kwasm describe ${kind.toLowerCase()} ${metadata.name} -n ${metadata.namespace}`;
}
