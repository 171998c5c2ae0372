import { SHIM_PREFIX } from "#api";
import type { Clock, Log } from "#base";
import {
  type Controller,
  type EventFact,
  type EventRecorder,
  fieldAt,
  type Informer,
  keyOf,
  type KubeClient,
  listAt,
  type Reconciled,
  resourceTypes,
  triggerOf,
} from "#kube";

import type { JobView } from "../node/job-informer.ts";
import { shimJobNameOf } from "../node/names.ts";
import type { NodeView } from "../node/node-view.ts";
import { fieldManager } from "../node/perform.ts";
import type { ManagedPod } from "../node/pod-informer.ts";
import type { RuntimeClassView } from "../runtime-class/runtime-class-view.ts";
import type { Settings } from "../settings.ts";
import { performShimStep, READY } from "./perform-shim.ts";
import { type PlannedNode, planShim } from "./plan-shim.ts";
import { keepShimClass } from "./shim-class.ts";
import type { ShimOnNode, ShimWork } from "./shim-decision.ts";
import { isSelected, requestFor, type ShimRequest } from "./shim-request.ts";
import { isStatusTold, type ShimStatus, statusOf } from "./shim-status.ts";
import type { ShimView } from "./shim-view.ts";
import { whenKnown } from "./when-known.ts";

export interface ShimControllerParts {
  readonly client: KubeClient;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly nodes: Informer<NodeView>;
  readonly jobs: Informer<JobView>;
  readonly pods: Informer<ManagedPod>;
  readonly classes: Informer<RuntimeClassView>;
  readonly shims: Informer<ShimView>;
}

/** A Shim is there until nothing of it is on any node. */
const FINALIZER = "kwasm.sh/uninstall-shim";

/** Brings shims of others to the nodes that they select, and takes them away. Keys are names of Shims. */
export function createShimController(parts: ShimControllerParts): Controller {
  const { nodes, jobs, pods, classes, shims } = parts;
  const told = new Set<string>();
  return {
    name: "shim",
    triggers: [
      // The end of one may leave a handler or a class to another.
      triggerOf(shims, ({ key }) => [key, ...shims.items().map(({ name }) => name)]),
      // A Shim whose finalizer somebody took away is still on nodes.
      triggerOf(nodes, ({ item }) => [...shims.items().map(({ name }) => name), ...Object.keys(item.shims)]),
      triggerOf(jobs, ({ item, kind }) => {
        if (kind === "deleted") told.delete(item.work.uid);
        return item.shim === undefined ? [] : [item.shim.name];
      }),
      triggerOf(pods, ({ item }) => (item.shimName === undefined ? [] : [item.shimName])),
      triggerOf(classes, ({ key }) => ofClass(shims, key)),
    ],
    reconcile: (key, signal) => reconcileShim({ ...parts, told }, key, signal),
  };
}

function ofClass(shims: Informer<ShimView>, className: string): readonly string[] {
  return shims
    .items()
    .filter(({ runtimeClass }) => runtimeClass === className)
    .map(({ name }) => name)
    .toArray();
}

/** `told` has the Jobs whose failure was told on their Node. */
interface ReconcileParts extends ShimControllerParts {
  readonly told: Set<string>;
}

async function reconcileShim(parts: ReconcileParts, name: string, signal: AbortSignal): Promise<Reconciled> {
  const shim = parts.shims.get(name);
  if (shim !== undefined && !shim.isLeaving && !shim.finalizers.includes(FINALIZER)) {
    await writeFinalizers(parts, shim, [...shim.finalizers, FINALIZER]);
    return undefined;
  }
  const ones = observe(parts, name, shim);
  const planned = planShim(ones, { maxUpdate: shim?.maxUpdate ?? Infinity, nowMs: parts.clock.nowMs() });
  tellFailures(parts, name, planned);
  if (shim !== undefined) await keepShim(parts, shim, planned);
  await performAll(parts, name, planned, signal);
  if (shim?.isLeaving === true && planned.every(({ decision }) => decision.state.kind === "absent")) {
    await writeFinalizers(
      parts,
      shim,
      shim.finalizers.filter((one) => one !== FINALIZER),
    );
  }
  const waits = planned.flatMap(({ decision }) => decision.requeueAfterMs ?? []);
  return waits.length === 0 ? undefined : { requeueAfterMs: Math.min(...waits) };
}

/** Its class and its status. */
async function keepShim(parts: ReconcileParts, shim: ShimView, planned: readonly PlannedNode[]): Promise<void> {
  const problem = shim.isLeaving ? undefined : await keepShimClass(shim, parts);
  const now = new Date(parts.clock.nowMs()).toISOString().replace(/\.\d+Z$/u, "Z");
  const status = statusOf(shim, planned, { problem, now });
  if (isStatusTold(status, shim.status)) return;
  const object = { metadata: { name: shim.name, uid: shim.uid }, status };
  await parts.client.apply(resourceTypes.shim, object, { subresource: "status", fieldManager, force: true });
  tellTransition(parts, shim, status);
}

function observe(parts: ReconcileParts, name: string, shim: ShimView | undefined): readonly ShimOnNode[] {
  const key = SHIM_PREFIX + name;
  const others = parts.shims.items().toArray();
  return parts.nodes
    .items()
    .map((node): ShimOnNode => {
      const label = node.labels[key];
      return {
        node,
        isWanted: shim !== undefined && !shim.isLeaving && isSelected(shim, node),
        request: shim === undefined ? noRequest : requestFor(shim, node, others),
        install: workOf(parts, node, name, "install"),
        uninstall: workOf(parts, node, name, "uninstall"),
        hasLabel: label !== undefined,
        isLabelled: label === READY,
        note: node.shims[name],
      };
    })
    .toArray();
}

const noRequest: ShimRequest = { kind: "problem", reason: "NoShim", message: "there is no such Shim" };

function workOf(
  { jobs, pods, settings }: ReconcileParts,
  node: NodeView,
  shimName: string,
  action: "install" | "uninstall",
): ShimWork | undefined {
  const job = jobs.get(keyOf({ name: shimJobNameOf(node.name, shimName, action), namespace: settings.namespace }));
  if (job === undefined) return undefined;
  const pod = pods.byIndex("job", job.work.uid).find(({ ofJob }) => ofJob !== undefined)?.ofJob;
  return { work: job.work, request: job.shim?.request ?? "", pod };
}

/** One node's trouble is not another's: each gets its steps, and what was thrown first is thrown last. */
async function performAll(
  parts: ReconcileParts,
  shimName: string,
  planned: readonly PlannedNode[],
  signal: AbortSignal,
): Promise<void> {
  const thrown: unknown[] = [];
  for (const { one, decision } of planned) {
    try {
      await performNode(parts, shimName, { one, decision }, signal);
    } catch (error) {
      thrown.push(error);
    }
    if (signal.aborted) break;
  }
  if (thrown.length > 0) throw thrown[0];
}

async function performNode(
  parts: ReconcileParts,
  shimName: string,
  { one, decision }: PlannedNode,
  signal: AbortSignal,
): Promise<void> {
  for (const step of decision.steps) {
    parts.log.info("step", { shim: shimName, node: one.node.name, step: step.kind });
    await performShimStep(step, shimName, one, parts);
    if (step.kind !== "create-job") continue;
    // The next plan counts it.
    const name = shimJobNameOf(one.node.name, shimName, step.action);
    await whenKnown(parts.jobs, keyOf({ name, namespace: parts.settings.namespace }), parts.clock, signal);
  }
}

async function writeFinalizers(
  { client }: ReconcileParts,
  { name, resourceVersion }: ShimView,
  finalizers: readonly string[],
): Promise<void> {
  const body = { metadata: { resourceVersion, finalizers } };
  await client.patch(resourceTypes.shim, { name }, { kind: "merge", body }, { fieldManager });
}

/** Each failed installer once, on the Node. */
function tellFailures({ events, log, told }: ReconcileParts, shimName: string, planned: readonly PlannedNode[]): void {
  for (const { one, decision } of planned) {
    const work = one.install?.work ?? one.uninstall?.work;
    if (decision.state.kind !== "failed" || work === undefined || told.has(work.uid)) continue;
    told.add(work.uid);
    const { reason, message } = decision.state;
    const { name, uid } = one.node;
    const note = `Shim "${shimName}": ${message}`;
    const regarding = { apiVersion: "v1", kind: "Node", metadata: { name, uid } } as const;
    events.record({ regarding, type: "Warning", reason, action: "InstallShim", note });
    log.warn(note, { node: name, reason });
  }
}

/** What has become of the Shim, where its condition did not say so before. */
function tellTransition({ events, log }: ReconcileParts, shim: ShimView, { conditions }: ShimStatus): void {
  const [ready] = conditions;
  const known = listAt(shim.status, "conditions").find((one) => fieldAt(one, "type") === "Ready");
  const isKnown = fieldAt(known, "reason") === ready?.reason && fieldAt(known, "message") === ready?.message;
  const isStalled = conditions.some(({ type }) => type === "Stalled");
  const isWorthIt = ready !== undefined && !isKnown && (isStalled || ready.status === "True");
  if (!isWorthIt) return;
  const { apiVersion, kind } = resourceTypes.shim;
  const regarding: EventFact["regarding"] = { apiVersion, kind, metadata: { name: shim.name, uid: shim.uid } };
  const type = isStalled ? "Warning" : "Normal";
  events.record({ regarding, type, reason: ready.reason, action: "InstallShim", note: ready.message });
  log.info(ready.message, { shim: shim.name, reason: ready.reason });
}
