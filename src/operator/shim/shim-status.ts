import { isDeepStrictEqual } from "node:util";

import { fieldAt, listAt, textAt } from "#kube";

import type { PlannedNode } from "./plan-shim.ts";
import type { ShimState } from "./shim-decision.ts";
import type { ShimView } from "./shim-view.ts";

/** What a Shim's status says, in the words of kstatus: Ready, and why it is not yet or cannot become so. */
export interface ShimStatus {
  readonly observedGeneration: number;
  readonly nodes: number;
  readonly nodesReady: number;
  readonly conditions: readonly ShimCondition[];
}

export interface ShimCondition {
  readonly type: "Ready" | "Reconciling" | "Stalled";
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

/** A condition's message is for people; those of many nodes are alike. */
const NODES_TOLD_MAX = 3;
/** A limit of Kubernetes' conditions. */
const MESSAGE_CHARS_MAX = 32_768;

type Verdict = Pick<ShimState, "reason" | "message"> & { readonly kind: "ready" | "working" | "failed" };

/** `problem` is one of the Shim itself, whatever its nodes say. */
export function statusOf(
  shim: ShimView,
  planned: readonly PlannedNode[],
  { problem, now }: { readonly problem: Pick<ShimState, "reason" | "message"> | undefined; readonly now: string },
): ShimStatus {
  const wanted = planned.filter(({ one }) => one.isWanted);
  const nodesReady = wanted.filter(({ decision }) => decision.state.kind === "ready").length;
  const verdict = shim.isLeaving ? judgeLeaving(planned) : judge(wanted, problem);
  const observedGeneration = shim.generation;
  const { reason, kind } = verdict;
  const message = verdict.message.slice(0, MESSAGE_CHARS_MAX);
  const types = { ready: [], working: ["Reconciling"], failed: ["Stalled"] } as const;
  const conditions = [
    { type: "Ready" as const, status: kind === "ready" ? ("True" as const) : ("False" as const) },
    ...types[kind].map((type) => ({ type, status: "True" as const })),
  ].map((one) => {
    const lastTransitionTime = changedAt(shim.status, one) ?? now;
    return { ...one, reason, message, observedGeneration, lastTransitionTime };
  });
  return { observedGeneration, nodes: wanted.length, nodesReady, conditions };
}

/** Whether readers of the status see what they would see after it was written. */
export function isStatusTold(status: ShimStatus, known: unknown): boolean {
  const { observedGeneration, nodes, nodesReady, conditions } = status;
  const counts = ["observedGeneration", "nodes", "nodesReady"].map((name) => fieldAt(known, name));
  if (!isDeepStrictEqual(counts, [observedGeneration, nodes, nodesReady])) return false;
  const told = listAt(known, "conditions");
  const ours = new Set<unknown>(["Ready", "Reconciling", "Stalled"]);
  const toldOfOurs = told.filter((one) => ours.has(fieldAt(one, "type")));
  return (
    toldOfOurs.length === conditions.length &&
    conditions.every((condition) => toldOfOurs.some((one) => isDeepStrictEqual(one, { ...condition })))
  );
}

function judge(wanted: readonly PlannedNode[], problem: Pick<ShimState, "reason" | "message"> | undefined): Verdict {
  if (problem !== undefined) return { ...problem, kind: "failed" };
  if (wanted.length === 0) {
    return { kind: "working", reason: "NoNodes", message: "no node has the labels that spec.nodeSelector asks for" };
  }
  const failed = wanted.filter(({ decision }) => decision.state.kind === "failed");
  const [first] = failed;
  if (first !== undefined) return { kind: "failed", reason: first.decision.state.reason, message: tellNodes(failed) };
  const rest = wanted.filter(({ decision }) => decision.state.kind !== "ready");
  const [next] = rest;
  if (next !== undefined) return { kind: "working", reason: next.decision.state.reason, message: tellNodes(rest) };
  return { kind: "ready", reason: "HandlerServed", message: "every selected node serves it" };
}

function judgeLeaving(planned: readonly PlannedNode[]): Verdict {
  const rest = planned.filter(({ decision }) => decision.state.kind !== "absent");
  const isStuck = rest.some(({ decision }) => decision.state.kind === "failed");
  return { kind: isStuck ? "failed" : "working", reason: "Removing", message: tellNodes(rest) };
}

function tellNodes(nodes: readonly PlannedNode[]): string {
  const told = nodes
    .slice(0, NODES_TOLD_MAX)
    .map(({ one, decision }) => `node "${one.node.name}": ${decision.state.message}`);
  const more = nodes.length - told.length;
  return [...told, ...(more > 0 ? [`${String(more)} more nodes`] : [])].join("; ");
}

/** Since when a condition is what it will be. */
function changedAt(
  known: unknown,
  { type, status }: { readonly type: string; readonly status: string },
): string | undefined {
  const condition = listAt(known, "conditions").find((one) => fieldAt(one, "type") === type);
  return textAt(condition, "status") === status ? textAt(condition, "lastTransitionTime") : undefined;
}
