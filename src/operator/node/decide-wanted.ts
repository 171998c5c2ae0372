import type { InstallReport } from "#api";

import type { Circumstances, Decision, Observed, Step } from "./decision.ts";
import {
  deleteJob,
  deleteProbe,
  failure,
  failureOf,
  pending,
  removeInstaller,
  removeJob,
  stay,
  tryAgain,
  waitAfter,
  waiting,
  withReason,
} from "./decision-parts.ts";
import type { Installation } from "./installation.ts";
import type { NodeView } from "./node-view.ts";
import type { JobPodView, WorkView } from "./work-view.ts";

/** Watches are behind by milliseconds, or by some seconds when the API server has started anew. */
const UNHEARD_MS_MAX = 30_000;

/** What brings the runtime to a node, step by step: an installer, a probe, and the label last. */
export function decideWanted(observed: Observed, circumstances: Circumstances): Decision {
  const { node, install, uninstall } = observed;
  const { installerImage, nowMs } = circumstances;
  if (uninstall !== undefined) return removeJob(uninstall, waiting("Installing", "the last removal is cleared away"));
  const { installation } = node;
  if (installation?.image === installerImage) return decideInstalled(observed, installation, circumstances);
  // An image that a node is still moved to must not be pulled away by the next, so that each ends in one state.
  if (install !== undefined && !isFor(install, node, installerImage)) {
    return removeInstaller(observed, install, pending(node, "Installing", "an earlier installer is cleared away"));
  }
  if (install !== undefined) return decideByJob(observed, install, nowMs);
  if (!node.isReady) return stay(waiting("NodeNotReady", "waits until the node is Ready"));
  if (installation !== undefined && !circumstances.mayUpgrade) {
    return stay(pending(node, "UpgradePending", `waits for its turn to get "${installerImage}"`));
  }
  const step: Step = { kind: "create-job", action: "install", failedAttempts: 0 };
  return { steps: [step], condition: pending(node, "Installing", `"${installerImage}" is to install the runtime`) };
}

/** The image is there; whether Wasm pods run is for a probe to say, once in each life of the node's kernel. */
function decideInstalled(observed: Observed, installation: Installation, circumstances: Circumstances): Decision {
  const { node } = observed;
  if (installation.verifiedBoot === node.bootId) return decideReady(observed, circumstances);
  if (!installation.hasReport) return decideUnprobed(node, installation);
  if (!node.isReady) return stay(waiting("NodeNotReady", "waits until the node is Ready"));
  return decideByProbe(observed, installation, circumstances.nowMs);
}

function decideByProbe(observed: Observed, installation: Installation, nowMs: number): Decision {
  const { node, probe } = observed;
  if (probe === undefined) {
    const step: Step = { kind: "create-probe", failedAttempts: observed.install?.failedAttempts ?? 0 };
    return { steps: [step], condition: pending(node, "Probing", "a Wasm pod is to run") };
  }
  if (probe.isLeaving) return stay(pending(node, "Probing", "an earlier probe is cleared away"));
  const isOurs = probe.nodeUid === node.uid && probe.bootId === node.bootId && probe.image === installation.image;
  if (!isOurs) {
    return { steps: [deleteProbe(probe)], condition: pending(node, "Probing", "an earlier probe is cleared away") };
  }
  switch (probe.state) {
    case "running":
      return stay(pending(node, "Probing", withReason("a Wasm pod is starting", probe.message)));
    case "succeeded":
      return {
        steps: [{ kind: "note-installation", installation: { ...installation, verifiedBoot: node.bootId } }],
        condition: pending(node, "Probing", "a Wasm pod has run"),
      };
    case "failed":
      return decideFailedProbe(observed, probe, nowMs);
    default:
      return probe.state satisfies never;
  }
}

/** What was installed serves nobody: pods are kept away, and after a while the installer looks once more. */
function decideFailedProbe({ node, install }: Observed, probe: WorkView, nowMs: number): Decision {
  const condition = failure("ProbeFailed", withReason("a Wasm pod did not run on the node", probe.message));
  if (node.hasLabel) return { steps: [{ kind: "unlabel" }], condition };
  const waitMs = waitAfter(probe, nowMs);
  if (waitMs > 0) return { steps: [], condition, requeueAfterMs: waitMs };
  // The node counts as one that was never installed, and the installer repairs what it finds. Whoever takes over between
  // two of these steps finds an installer that ended well and the probe that failed, and comes here once more.
  const steps: readonly Step[] = [
    { kind: "note-installation", installation: undefined },
    ...(install === undefined ? [] : [deleteJob(install)]),
    { kind: "create-job", action: "install", failedAttempts: probe.failedAttempts + 1 },
    deleteProbe(probe),
  ];
  return { steps, condition };
}

/** Another's installer brings nothing that could be run: that it has ended well is all there is to go by. */
function decideUnprobed(node: NodeView, installation: Installation): Decision {
  const steps: Step[] = [{ kind: "note-installation", installation: { ...installation, verifiedBoot: node.bootId } }];
  return { steps, condition: pending(node, "Installed", "its installer has ended well") };
}

function decideReady({ node, probe }: Observed, { startupTaint }: Circumstances): Decision {
  const condition = { status: "True", reason: "WasmPodRan", message: readyMessage(node.installation) };
  if (!node.isLabelled) return { steps: [{ kind: "label" }], condition };
  if (startupTaint !== undefined && node.taints.includes(startupTaint)) {
    return { steps: [{ kind: "remove-taint", key: startupTaint }], condition };
  }
  if (probe !== undefined && !probe.isLeaving) return { steps: [deleteProbe(probe)], condition };
  return { steps: [], condition };
}

function readyMessage(installation: Installation | undefined): string {
  if (installation?.hasReport !== true) return "the installer has ended well; it says nothing of what it installed";
  return installation.version === "" ? "Wasm pods run" : `version ${installation.version} runs Wasm pods`;
}

function decideByJob({ node, installPod }: Observed, job: WorkView, nowMs: number): Decision {
  if (job.isLeaving) return stay(pending(node, "Installing", "an earlier installer is cleared away"));
  if (job.state === "running") {
    return stay(pending(node, "Installing", withReason("the installer runs", installPod?.message ?? "")));
  }
  const isHeard = installPod?.hasEnded === true;
  const waitMs = Math.min(UNHEARD_MS_MAX, job.endedMs + UNHEARD_MS_MAX - nowMs);
  if (!isHeard && waitMs > 0) {
    const condition = pending(node, "Installing", "waits for what the installer has said");
    return { steps: [], condition, requeueAfterMs: waitMs };
  }
  if (job.state === "failed") return decideFailedJob(node, job, { pod: installPod, nowMs });
  return isHeard ? decideByReport(node, job, installPod.report) : decideUnheard(node, job);
}

/**
 * Jobs and pods come by different watches, so what the installer said may come after the Job's end. If it never comes,
 * as when somebody deleted the pod, a probe has to say what became of the node.
 */
function decideUnheard(node: NodeView, job: WorkView): Decision {
  const installation: Installation = { image: job.image, version: "", hasReport: true, verifiedBoot: undefined };
  const condition = pending(node, "Installed", "nothing was heard of the installer, which has ended well");
  return { steps: [{ kind: "note-installation", installation }], condition };
}

function decideByReport(node: NodeView, job: WorkView, report: InstallReport | undefined): Decision {
  const installation: Installation = {
    image: job.image,
    version: report?.runtimeVersion ?? "",
    hasReport: report !== undefined,
    verifiedBoot: undefined,
  };
  const message = report?.message ?? "the installer has ended well";
  return { steps: [{ kind: "note-installation", installation }], condition: pending(node, "Installed", message) };
}

function decideFailedJob(
  node: NodeView,
  job: WorkView,
  { pod, nowMs }: { readonly pod: JobPodView | undefined; readonly nowMs: number },
): Decision {
  const condition = failureOf(job, pod, { reason: "InstallerFailed", what: "the installer failed" });
  const outcome = pod?.report?.outcome;
  // Whatever was served before is served still: a failed installer of ours has given back what it found.
  const isHarmless = outcome === "rolled-back" || outcome === "unsupported";
  if (node.hasLabel && !isHarmless) return { steps: [{ kind: "unlabel" }], condition };
  // Nothing that changes by itself would let it succeed.
  if (outcome === "unsupported") return { steps: [], condition };
  return tryAgain(job, "install", { condition, nowMs });
}

function isFor(job: WorkView, node: NodeView, image: string): boolean {
  return job.nodeUid === node.uid && job.image === image;
}
