import { labels, type InstallReport } from "#api";
import type { Finding } from "#installer";
import { complaintOf, isTrouble, isWanted } from "#operator";

import type { ClusterNode } from "../cluster-node.ts";
import { provisionsAll } from "../find-operators.ts";
import type { ClusterFacts, InstallerJob } from "./cluster-facts.ts";
import { bad, good, unknown } from "./finding.ts";

/** The handler of our probes: where it is served, a runtime of ours is. */
const OWN_HANDLER = "kwasm";

/** Kubelet's words for an image that does not come. */
const imageReasons: ReadonlySet<string> = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "RegistryUnavailable",
]);

/** What keeps nodes from what they are asked for; the ones that have it are only counted. */
export function findNodeTroubles(facts: ClusterFacts): readonly Finding[] {
  const { nodes, operators, shims = [] } = facts;
  if (nodes === undefined) return [];
  const isAutomatic = provisionsAll(operators);
  const wanted = nodes.filter((node) => isWanted(node, isAutomatic));
  const troubles = nodes.flatMap((node) => judgeNode(node, isWanted(node, isAutomatic), facts));
  // Shims need no annotated nodes.
  const hasOtherUse = wanted.length === 0 && shims.length > 0;
  return [...(hasOtherUse ? [] : [summarize(nodes, wanted)]), ...troubles];
}

function summarize(nodes: readonly ClusterNode[], wanted: readonly ClusterNode[]): Finding {
  if (wanted.length === 0) {
    return bad(
      "nodes",
      `none of ${String(nodes.length)} is to have the runtime: kubectl kwasm provision NODE, or --all`,
    );
  }
  const ready = wanted.filter(({ isLabelled }) => isLabelled).length;
  const counts = `${String(wanted.length)} of ${String(nodes.length)}; have it: ${String(ready)}`;
  return good("nodes", `are to have the runtime: ${counts}`);
}

function judgeNode(node: ClusterNode, wanted: boolean, facts: ClusterFacts): readonly Finding[] {
  const complaint = complaintOf(node);
  const subject = `node/${node.name}`;
  const complaints = complaint === undefined ? [] : [bad(subject, complaint)];
  if (wanted && node.isLabelled) return [...complaints, ...judgeReady(node, subject)];
  if (wanted) return [...complaints, judgeUnready(node, subject, facts)];
  const hasNothing = node.installation === undefined && !node.hasLabel && node.condition === undefined;
  return hasNothing ? complaints : [...complaints, judgeLeaving(node, subject)];
}

/** Pods can be started there as far as the operator knows, though perhaps not with what was asked for last. */
function judgeReady(node: ClusterNode, subject: string): readonly Finding[] {
  const { handlers, installation, condition, name } = node;
  if (handlers !== undefined && installation?.hasReport === true && !handlers.includes(OWN_HANDLER)) {
    const again = `kubectl kwasm deprovision ${name}, then kubectl kwasm provision ${name}`;
    return [
      bad(
        subject,
        `it has the label ${labels.kwasmReady}, but containerd does not serve "${OWN_HANDLER}" any more: ${again}`,
      ),
    ];
  }
  if (condition === undefined || !isTrouble(condition)) return [];
  return [bad(subject, `${condition.reason}: ${condition.message}${adviceOf(node)}`)];
}

function judgeUnready(node: ClusterNode, subject: string, facts: ClusterFacts): Finding {
  const { condition, isReady } = node;
  const job = facts.jobs?.find((one) => one.nodeName === node.name && one.shim === undefined);
  const obstacle = job === undefined ? undefined : obstacleOf(job);
  if (obstacle !== undefined) return bad(subject, obstacle);
  if (condition === undefined) {
    return bad(subject, `it is to have the runtime, and no operator has said anything of it${adviceOfLog(facts)}`);
  }
  const text = `${condition.reason}: ${condition.message}`;
  if (isTrouble(condition)) return bad(subject, `${text}${adviceOf(node)}`);
  if (!isReady) return bad(subject, `it is not Ready itself: kubectl describe node ${node.name}`);
  return unknown(subject, `${text}${stateOf(job)}`);
}

function judgeLeaving(node: ClusterNode, subject: string): Finding {
  const { condition } = node;
  if (condition === undefined) return unknown(subject, "the runtime is still there; the operator is to remove it");
  const text = `${condition.reason}: ${condition.message}`;
  return isTrouble(condition) ? bad(subject, `${text}${adviceOf(node)}`) : unknown(subject, text);
}

/** Why a Job's pod cannot even begin. */
function obstacleOf(job: InstallerJob): string | undefined {
  const { work, pod, refusal, waitingReason } = job;
  if (refusal !== "" && pod === undefined) return `Job "${work.name}" gets no pod: ${refusal}`;
  if (!imageReasons.has(waitingReason)) return undefined;
  const advice = "correct the chart's kwasmOperator.installerImage, or give it installerImagePullSecrets";
  return `the installer's image "${work.image}" does not come (${pod?.message ?? waitingReason}): ${advice}`;
}

function stateOf(job: InstallerJob | undefined): string {
  if (job === undefined) return "";
  const report = job.pod?.report;
  return ` (Job "${job.work.name}": ${report === undefined ? job.work.state : wordsOf(report)})`;
}

function wordsOf({ outcome, distribution }: InstallReport): string {
  return `${outcome} on ${distribution}`;
}

function adviceOf({ name }: ClusterNode): string {
  return `: see 'kubectl kwasm logs-installer ${name}'`;
}

function adviceOfLog({ operators }: ClusterFacts): string {
  const [operator] = operators ?? [];
  if (operator === undefined) return "";
  return `: see 'kubectl logs -n ${operator.namespace} deployment/${operator.name}'`;
}
