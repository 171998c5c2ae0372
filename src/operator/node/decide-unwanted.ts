import type { Circumstances, Decision, Observed } from "./decision.ts";
import {
  deleteJob,
  deleteProbe,
  failureOf,
  removeInstaller,
  removeJob,
  stay,
  tryAgain,
  waiting,
  withReason,
} from "./decision-parts.ts";
import type { WorkView } from "./work-view.ts";

const removing = waiting("Removing", "the runtime is removed from the node");

/** Pods are kept away first; then what was installed goes, and last the operator's own notes of it. */
export function decideUnwanted(observed: Observed, { nowMs }: Circumstances): Decision {
  const { node, uninstall, probe } = observed;
  if (node.hasLabel) return { steps: [{ kind: "unlabel" }], condition: removing };
  if (probe !== undefined) return { steps: probe.isLeaving ? [] : [deleteProbe(probe)], condition: removing };
  return uninstall === undefined ? decideStart(observed) : decideRemoval(observed, uninstall, nowMs);
}

function decideStart(observed: Observed): Decision {
  const { node, install } = observed;
  if (install === undefined && node.installation === undefined) return { steps: [], condition: undefined };
  // Another's installer knows no way back; run once more it would install, so it only loses its Job, as with KWasm.
  if (node.installation?.hasReport === false) return forget(install);
  if (install !== undefined) return decideInterrupted(observed, install);
  if (!node.isReady) return { steps: [], condition: waiting("NodeNotReady", "is removed when the node is Ready") };
  return { steps: [{ kind: "create-job", action: "uninstall", failedAttempts: 0 }], condition: removing };
}

/** An installer that has begun is let end: it knows best how to leave the node. */
function decideInterrupted(observed: Observed, install: WorkView): Decision {
  const isAtWork = install.state === "running" && observed.installPod?.hasStarted === true;
  if (isAtWork && !install.isLeaving) return stay(waiting("Removing", "waits until the installer has ended"));
  return removeInstaller(observed, install, removing);
}

function decideRemoval({ node, uninstallPod }: Observed, job: WorkView, nowMs: number): Decision {
  if (job.isLeaving) return { steps: [], condition: node.installation === undefined ? undefined : removing };
  // It is for an earlier node of this name, or its work was noted already.
  if (job.nodeUid !== node.uid || node.installation === undefined) {
    return { steps: [deleteJob(job)], condition: undefined };
  }
  if (job.state === "running") {
    return stay(waiting("Removing", withReason("the installer removes the runtime", uninstallPod?.message ?? "")));
  }
  if (job.state === "succeeded") {
    return { steps: [{ kind: "note-installation", installation: undefined }], condition: undefined };
  }
  const condition = failureOf(job, uninstallPod, { reason: "RemovalFailed", what: "the removal failed" });
  return tryAgain(job, "uninstall", { condition, nowMs });
}

function forget(install: WorkView | undefined): Decision {
  if (install !== undefined) return removeJob(install, removing);
  return { steps: [{ kind: "note-installation", installation: undefined }], condition: undefined };
}
