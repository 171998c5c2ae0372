import type { Clock, Log } from "#base";
import {
  type Controller,
  type EventRecorder,
  type Informer,
  keyOf,
  type KubeClient,
  type Reconciled,
  triggerOf,
} from "#kube";

import type { Settings } from "../settings.ts";
import { decide } from "./decide.ts";
import type { Observed } from "./decision.ts";
import type { JobView } from "./job-informer.ts";
import { jobNameOf, probeNameOf } from "./names.ts";
import { type ConditionView, isTrouble, type NodeView } from "./node-view.ts";
import { performStep, writeCondition } from "./perform.ts";
import type { ManagedPod } from "./pod-informer.ts";
import { mayUpgrade } from "./upgrade-gate.ts";
import { complaintOf } from "./wish.ts";

interface NodeControllerParts {
  readonly client: KubeClient;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly nodes: Informer<NodeView>;
  readonly jobs: Informer<JobView>;
  readonly pods: Informer<ManagedPod>;
}

/** Brings the runtime to the nodes that are to have it, and takes it from the others. Keys are names of Nodes. */
export function createNodeController(parts: NodeControllerParts): Controller {
  const { nodes, jobs, pods, settings } = parts;
  return {
    name: "node",
    triggers: [
      // One node's end may be another's turn.
      triggerOf(nodes, ({ key, item }) => [key, ...waitingFor(nodes, item, settings)]),
      triggerOf(jobs, ({ item }) => [item.nodeName]),
      triggerOf(pods, ({ item }) => [item.nodeName]),
    ],
    reconcile: (key) => reconcileNode(parts, key),
  };
}

/** Nodes that wait for their turn to be moved to the installer's image of now. */
function waitingFor(nodes: Informer<NodeView>, changed: NodeView, { installerImage }: Settings): readonly string[] {
  if (changed.installation?.image !== installerImage) return [];
  const behind = nodes.items().filter(({ installation }) => {
    return installation !== undefined && installation.image !== installerImage;
  });
  return behind.map(({ name }) => name).toArray();
}

async function reconcileNode(parts: NodeControllerParts, name: string): Promise<Reconciled> {
  const node = parts.nodes.get(name);
  // What was on its way there goes with the Node: it is the owner.
  if (node === undefined) return undefined;
  tellComplaint(parts, node);
  const { settings, clock, nodes } = parts;
  const decision = decide(observe(parts, node), {
    installerImage: settings.installerImage,
    isAutomatic: settings.isAutomatic,
    startupTaint: settings.startupTaint,
    mayUpgrade: mayUpgrade(nodes.items(), (one) => jobOf(parts, one, "install")?.work, settings),
    nowMs: clock.nowMs(),
  });
  await writeCondition(decision.condition, node, parts);
  tellTransition(parts, node, decision.condition);
  for (const step of decision.steps) {
    parts.log.info("step", { node: name, step: step.kind });
    await performStep(step, node, parts);
  }
  return decision.requeueAfterMs === undefined ? undefined : { requeueAfterMs: decision.requeueAfterMs };
}

function observe(parts: NodeControllerParts, node: NodeView): Observed {
  const install = jobOf(parts, node, "install");
  const uninstall = jobOf(parts, node, "uninstall");
  const probe = parts.pods.get(keyOf({ name: probeNameOf(node.name), namespace: parts.settings.namespace }));
  return {
    node,
    install: install?.work,
    uninstall: uninstall?.work,
    installPod: podOf(parts, install),
    uninstallPod: podOf(parts, uninstall),
    probe: probe?.probe,
  };
}

function jobOf({ jobs, settings }: NodeControllerParts, { name }: NodeView, action: "install" | "uninstall") {
  return jobs.get(keyOf({ name: jobNameOf(name, action), namespace: settings.namespace }));
}

/** The pod of this Job and not of an earlier one of its name. */
function podOf({ pods }: NodeControllerParts, job: JobView | undefined) {
  if (job === undefined) return undefined;
  return pods.byIndex("job", job.work.uid).find(({ ofJob }) => ofJob !== undefined)?.ofJob;
}

function tellComplaint({ events }: NodeControllerParts, node: NodeView): void {
  const note = complaintOf(node);
  if (note === undefined) return;
  events.record({
    regarding: regarding(node),
    type: "Warning",
    reason: "InvalidAnnotation",
    action: "Provision",
    note,
  });
}

/** Each step on the way once, and each reason why it does not go on. */
function tellTransition(
  { events, log }: NodeControllerParts,
  node: NodeView,
  condition: ConditionView | undefined,
): void {
  if (condition === undefined) return;
  const { reason, message } = condition;
  const hasTrouble = isTrouble(condition);
  const isTold = reason === node.condition?.reason && (!hasTrouble || message === node.condition.message);
  if (isTold) return;
  events.record({
    regarding: regarding(node),
    type: hasTrouble ? "Warning" : "Normal",
    reason,
    action: "Provision",
    note: message,
  });
  log.info(message, { node: node.name, reason });
  tellInKWasmsWords(log, node, reason);
}

/** Lines that tutorials of KWasm wait for in the operator's log. */
function tellInKWasmsWords(log: Log, node: NodeView, reason: string): void {
  const job = jobNameOf(node.name, "install");
  if (reason === "Installing") log.info(`Job ${job} is still Ongoing`);
  if (reason === "WasmPodRan") log.info(`Job ${job} is Completed. Happy WASMing`);
}

/** Events of Nodes carry the node's name as uid where the kubelet writes them; `kubectl describe node` looks for both. */
function regarding({ name, uid }: NodeView) {
  return { apiVersion: "v1", kind: "Node", metadata: { name, uid } } as const;
}
