import { annotations, type InstallReport, labels, parseInstallReport, REPORT_BYTES_MAX } from "#api";
import { KwasmError } from "#base";
import { fieldAt, type KubeObject, listAt, numberAt, textAt } from "#kube";

/** What the operator started on a node: an installer's Job or a probe. */
export interface WorkView {
  readonly name: string;
  readonly uid: string;
  /** Of the Node that it was made for; a node that was made anew has another. */
  readonly nodeUid: string;
  readonly image: string;
  readonly state: "running" | "succeeded" | "failed";
  readonly isLeaving: boolean;
  /** How many failed before it. */
  readonly failedAttempts: number;
  readonly endedMs: number;
  /** Why it waits or has failed, as Kubernetes says. */
  readonly message: string;
  /** Which start of the node's kernel a probe is for. */
  readonly bootId: string;
}

/** The pod of a Job, for what the Job itself does not say. */
export interface JobPodView {
  readonly report: InstallReport | undefined;
  /** Its container runs or has run. */
  readonly hasStarted: boolean;
  /** Only then it is known whether there is a report: the Job's end may be heard of first. */
  readonly hasEnded: boolean;
  /** Why its container waits or ended. */
  readonly message: string;
}

const FAILED_ATTEMPTS_MAX = 1_000;

export function viewJob(job: KubeObject): WorkView {
  const conditions = listAt(job["status"], "conditions");
  const [complete, failed] = ["Complete", "Failed"].map((type) =>
    conditions.find((one) => fieldAt(one, "type") === type && fieldAt(one, "status") === "True"),
  );
  const end = complete ?? failed;
  return {
    ...viewOf(job, fieldAt(job["spec"], "template", "spec")),
    state: workState(complete !== undefined, failed !== undefined),
    endedMs: timeOf(end, "lastTransitionTime"),
    message: textAt(end, "message") ?? "",
  };
}

export function viewProbe(pod: KubeObject): WorkView {
  const phase = textAt(pod["status"], "phase");
  const terminated = fieldAt(listAt(pod["status"], "containerStatuses")[0], "state", "terminated");
  return {
    ...viewOf(pod, pod["spec"]),
    state: workState(phase === "Succeeded", phase === "Failed"),
    endedMs: timeOf(terminated, "finishedAt"),
    message: messageOfPod(pod),
  };
}

export function viewJobPod(pod: KubeObject): JobPodView {
  const state = fieldAt(listAt(pod["status"], "containerStatuses")[0], "state");
  const terminated = fieldAt(state, "terminated");
  const report = reportOf(textAt(terminated, "message"));
  return {
    report,
    hasStarted: terminated !== undefined || fieldAt(state, "running") !== undefined,
    hasEnded: terminated !== undefined,
    message: report?.message ?? messageOfPod(pod),
  };
}

/** Another's installer may leave any message there. */
function reportOf(text: string | undefined): InstallReport | undefined {
  if (text === undefined || text.length > REPORT_BYTES_MAX) return undefined;
  try {
    return parseInstallReport(text);
  } catch (error) {
    if (KwasmError.from(error, "read a report").code !== "corrupt") throw error;
    return undefined;
  }
}

function viewOf({ metadata }: KubeObject, podSpec: unknown): Omit<WorkView, "state" | "endedMs" | "message"> {
  const noted = metadata.annotations ?? {};
  const failedAttempts = Number(noted[annotations.failedAttempts]);
  return {
    name: metadata.name,
    uid: metadata.uid ?? "",
    nodeUid: noted[annotations.nodeUid] ?? "",
    image: textAt(listAt(podSpec, "containers")[0], "image") ?? "",
    isLeaving: metadata.deletionTimestamp !== undefined,
    failedAttempts: Number.isInteger(failedAttempts) ? Math.min(Math.max(failedAttempts, 0), FAILED_ATTEMPTS_MAX) : 0,
    bootId: noted[annotations.bootId] ?? "",
  };
}

function workState(hasSucceeded: boolean, hasFailed: boolean): WorkView["state"] {
  if (hasSucceeded) return "succeeded";
  return hasFailed ? "failed" : "running";
}

/** The most telling first: why it cannot start, then how it ended, then why it was not let run. */
function messageOfPod(pod: KubeObject): string {
  const [container] = listAt(pod["status"], "containerStatuses");
  const waiting = fieldAt(container, "state", "waiting");
  const terminated = fieldAt(container, "state", "terminated");
  if (waiting !== undefined) return joined(textAt(waiting, "reason"), textAt(waiting, "message"));
  if (terminated !== undefined) {
    const code = numberAt(terminated, "exitCode");
    return joined(`exit code ${String(code)}`, textAt(terminated, "reason"), textAt(terminated, "message"));
  }
  return joined(textAt(pod["status"], "reason"), textAt(pod["status"], "message"));
}

function joined(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(": ");
}

function timeOf(value: unknown, name: string): number {
  const time = Date.parse(textAt(value, name) ?? "");
  return Number.isNaN(time) ? 0 : time;
}

const MANAGER = "kwasm-operator";

/** The labels of everything that the operator makes, and the selector by which it is watched. */
export const managedLabels = { [labels.managedBy]: MANAGER } as const;
export const managedSelector = `${labels.managedBy}=${MANAGER}`;
