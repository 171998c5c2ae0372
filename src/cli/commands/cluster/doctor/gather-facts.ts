import { labels } from "#api";
import type { Finding } from "#installer";
import { fieldAt, isApiError, type KubeClient, type KubeObject, listAt, resourceTypes, textAt } from "#kube";
import { LEASE_NAME, managedSelector, viewJob, viewJobPod } from "#operator";

import { viewClusterNode } from "../cluster-node.ts";
import { findOperators, type OperatorView } from "../find-operators.ts";
import { listShims } from "../list-shims.ts";
import { findWasmClasses, handlersOfShims } from "../wasm-class.ts";
import type { ClusterFacts, InstallerJob } from "./cluster-facts.ts";
import { unknown } from "./finding.ts";

interface GatherOptions {
  readonly client: KubeClient;
  /** Of the operator; undefined: it is looked for. */
  readonly namespace: string | undefined;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

export interface Gathered {
  readonly facts: ClusterFacts;
  /** What the user may not read. */
  readonly gaps: readonly Finding[];
}

export async function gatherFacts(options: GatherOptions): Promise<Gathered> {
  const { client, namespace, nowMs, signal } = options;
  const reader = new Reader();
  const [operators, nodes, classes, shims, pendingPods] = await Promise.all([
    reader.read("operator", () => findOperators(client, namespace, signal)),
    reader.read("nodes", () => client.list(resourceTypes.node, { signal })),
    reader.read("runtimeclasses", () => client.list(resourceTypes.runtimeClass, { signal })),
    reader.read("shims", () => listShims(client, signal)),
    reader.read("pods", () => client.list(resourceTypes.pod, { fieldSelector: "status.phase=Pending", signal })),
  ]);
  const shimHandlers = handlersOfShims(shims ?? []);
  const facts: ClusterFacts = {
    nowMs,
    operators,
    ...(await gatherOfOperator(operators?.[0], reader, options)),
    nodes: nodes?.map(viewClusterNode),
    classes: classes === undefined ? undefined : findWasmClasses(classes, shimHandlers),
    classHandlers: handlersOf(classes),
    shims,
    shimHandlers,
    pendingPods,
  };
  return { facts, gaps: reader.gaps };
}

function handlersOf(classes: readonly KubeObject[] | undefined): ReadonlyMap<string, string> | undefined {
  return classes && new Map(classes.map((one) => [one.metadata.name, textAt(one, "handler") ?? ""]));
}

type OperatorFacts = Pick<ClusterFacts, "operatorTrouble" | "lease" | "namespace" | "jobs">;

/** What is in the operator's namespace. */
async function gatherOfOperator(
  operator: OperatorView | undefined,
  reader: Reader,
  { client, signal }: GatherOptions,
): Promise<OperatorFacts> {
  if (operator === undefined) return { operatorTrouble: "", lease: undefined, namespace: undefined, jobs: undefined };
  const { namespace, podSelector } = operator;
  const [place, lease, pods, jobs] = await Promise.all([
    reader.read("namespace", () => client.get(resourceTypes.namespace, { name: namespace }, { signal })),
    reader.read(
      "lease",
      async () => (await client.get(resourceTypes.lease, { name: LEASE_NAME, namespace }, { signal })) ?? "none",
    ),
    reader.read("operator's pods", () =>
      client.list(resourceTypes.pod, { namespace, labelSelector: podSelector, signal }),
    ),
    reader.read("jobs", () => gatherJobs(client, namespace, signal)),
  ]);
  return { operatorTrouble: waitingOf(pods?.find((pod) => waitingOf(pod) !== "")), lease, namespace: place, jobs };
}

/** Jobs of installers with their pods, and why those that have none have none. */
async function gatherJobs(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly InstallerJob[]> {
  const selection = { namespace, labelSelector: managedSelector, signal };
  const [jobs, pods, events] = await Promise.all([
    client.list(resourceTypes.job, selection),
    client.list(resourceTypes.pod, selection),
    client.list(resourceTypes.event, { namespace, fieldSelector: "reason=FailedCreate", signal }),
  ]);
  return jobs.map((job) => {
    const { uid } = job.metadata;
    const pod = pods.find(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid) === true);
    const refusal = events.find((event) => textAt(event, "regarding", "uid") === uid);
    return {
      nodeName: textAt(job["spec"], "template", "spec", "nodeName") ?? "",
      shim: job.metadata.labels?.[labels.shim],
      work: viewJob(job),
      pod: pod && viewJobPod(pod),
      waitingReason: textAt(waitingStateOf(pod), "reason") ?? "",
      refusal: textAt(refusal, "note") ?? "",
    };
  });
}

function waitingStateOf(pod: KubeObject | undefined): unknown {
  return fieldAt(listAt(pod?.["status"], "containerStatuses")[0], "state", "waiting");
}

function waitingOf(pod: KubeObject | undefined): string {
  const waiting = waitingStateOf(pod);
  return [textAt(waiting, "reason"), textAt(waiting, "message")].filter((text) => text !== undefined).join(": ");
}

/** Reads what may be read. */
class Reader {
  readonly gaps: Finding[] = [];

  async read<T>(what: string, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (thrown) {
      if (!isApiError(thrown, "forbidden")) throw thrown;
      this.gaps.push(unknown(what, `not looked at: ${thrown.message}`));
      return undefined;
    }
  }
}
