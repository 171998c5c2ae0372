import assert from "node:assert/strict";

import type { InstallOutcome } from "#api";

import type { NodeView } from "../../node/node-view.ts";
import type { JobPodView, WorkView } from "../../node/work-view.ts";
import { type PlannedNode, planShim } from "../plan-shim.ts";
import { type ShimOnNode, type ShimStep, type ShimWork, STARTED } from "../shim-decision.ts";
import type { ShimRequest } from "../shim-request.ts";

/** What may happen to a Shim and to a node of its, which the operator has to live with. */
export const shimHappenings = [
  "select",
  "leave out",
  "edit",
  "edit back",
  "lose",
  "come back",
  "replace",
  "break archive",
  "mend archive",
  "kill installer",
  "lose pod",
  "take request away",
  "give request",
  "unsupport",
  "support",
] as const;
export type ShimHappening = (typeof shimHappenings)[number];

type Action = "install" | "uninstall";

interface Job {
  readonly request: string;
  work: WorkView;
  pod: JobPodView | undefined;
  /** What its pod has said already, and the operator has not heard. */
  unheard: JobPodView | undefined;
  willBeKilled: boolean;
}

interface Machine {
  uid: string;
  isReady: boolean;
  isSelected: boolean;
  /** By the installer: a node does not become one of an unknown kind while it serves a shim. */
  isSupported: boolean;
  hasLabel: boolean;
  note: string | undefined;
  /** The digest of the request whose shim containerd serves; undefined: none. */
  served: string | undefined;
  readonly jobs: Map<Action, Job>;
}

/** A Shim on some nodes, and what would happen there: Jobs that end, and leave something behind or not. */
export class ShimWorld {
  readonly machines: readonly Machine[];
  readonly #maxUpdate: number;
  #version = 1;
  #hasRequest = true;
  #isArchiveGood = true;
  #nowMs = 1_000_000;
  #lastUid = 0;

  constructor(nodes = 1, maxUpdate = 1) {
    this.#maxUpdate = maxUpdate;
    this.machines = Array.from({ length: nodes }, () => ({
      uid: this.#nextUid("node"),
      isReady: true,
      isSelected: false,
      isSupported: true,
      hasLabel: false,
      note: undefined,
      served: undefined,
      jobs: new Map(),
    }));
  }

  get digest(): string {
    return `digest-${String(this.#version)}`;
  }

  plan(): readonly PlannedNode[] {
    const ones = this.machines.map((machine, index) => this.#observe(machine, index));
    return planShim(ones, { maxUpdate: this.#maxUpdate, nowMs: this.#nowMs });
  }

  /** One plan, of whose steps the operator does so many before it dies. Answers whether there was any. */
  reconcile(stepsMax = Infinity): boolean {
    const planned = this.plan();
    const steps = planned.flatMap(({ one, decision }) => decision.steps.map((step) => ({ one, step })));
    for (const { one, step } of steps.slice(0, stepsMax)) this.#perform(one, step);
    const waits = planned.flatMap(({ decision }) => decision.requeueAfterMs ?? []);
    if (waits.length > 0) this.#nowMs += Math.min(...waits);
    return steps.length > 0 || waits.length > 0;
  }

  /** What runs on nodes that are there comes to its end. Answers whether anything did. */
  advance(): boolean {
    this.#nowMs += 1_000;
    let hasMoved = false;
    for (const machine of this.machines) {
      for (const [action, job] of machine.jobs) {
        if (job.unheard !== undefined) [job.pod, job.unheard, hasMoved] = [job.unheard, undefined, true];
        const isOver = job.work.isLeaving || job.work.nodeUid !== machine.uid;
        if (isOver) machine.jobs.delete(action);
        else if (job.work.state === "running" && machine.isReady) this.#end(machine, action, job);
        else continue;
        hasMoved = true;
      }
    }
    return hasMoved;
  }

  happen(happening: ShimHappening, index = 0): void {
    const machine = this.machines[index % this.machines.length];
    assert.ok(machine !== undefined);
    switch (happening) {
      case "select":
      case "leave out":
        machine.isSelected = happening === "select";
        return;
      case "edit":
      case "edit back":
        this.#version += happening === "edit" ? 1 : -1;
        return;
      case "lose":
      case "come back":
        machine.isReady = happening === "come back";
        return;
      case "replace":
        [machine.uid, machine.isReady, machine.hasLabel] = [this.#nextUid("node"), true, false];
        [machine.note, machine.served] = [undefined, undefined];
        return;
      case "break archive":
      case "mend archive":
        this.#isArchiveGood = happening === "mend archive";
        return;
      case "kill installer":
        for (const job of machine.jobs.values()) job.willBeKilled = true;
        return;
      case "lose pod":
        for (const job of machine.jobs.values()) [job.pod, job.unheard] = [undefined, undefined];
        return;
      case "take request away":
      case "give request":
        this.#hasRequest = happening === "give request";
        return;
      case "unsupport":
        machine.isSupported = machine.served !== undefined;
        return;
      case "support":
        for (const one of this.machines) {
          one.isSupported = true;
          // An installer that had given up on a node is started by a person.
          if (one.jobs.get("install")?.work.state === "failed") one.jobs.delete("install");
        }
        return;
      default:
        happening satisfies never;
    }
  }

  /** A label is only where something is served, and a node counts as ready only with what is asked for now. */
  assertTrue(): void {
    for (const machine of this.machines) {
      if (machine.hasLabel) assert.notEqual(machine.served, undefined, "a label without a shim");
      const isNoted = machine.note !== undefined && machine.note !== STARTED;
      if (isNoted) assert.equal(machine.served, machine.note, "a note that is not true");
      if (machine.served !== undefined) assert.notEqual(machine.note, undefined, "a shim that nobody knows of");
    }
    for (const { one, decision } of this.plan()) {
      if (decision.state.kind !== "ready") continue;
      const machine = this.machines[Number(one.node.name)];
      assert.equal(machine?.served, this.digest);
    }
  }

  /** Nodes on which an installer runs that was started by the operator of now. */
  countBusy(): number {
    return this.machines.filter(({ jobs }) => jobs.get("install")?.work.state === "running").length;
  }

  #observe(machine: Machine, index: number): ShimOnNode {
    const request: ShimRequest = this.#hasRequest
      ? { kind: "request", text: this.digest, digest: this.digest }
      : { kind: "problem", reason: "DigestMissing", message: "" };
    const { isSelected, hasLabel, note } = machine;
    return {
      node: this.#viewNode(machine, index),
      isWanted: isSelected,
      request,
      install: viewWork(machine.jobs.get("install")),
      uninstall: viewWork(machine.jobs.get("uninstall")),
      hasLabel,
      isLabelled: hasLabel,
      note,
    };
  }

  #viewNode({ uid, isReady }: Machine, index: number): NodeView {
    return {
      name: String(index),
      uid,
      annotation: undefined,
      isLabelWish: false,
      isReady,
      isLeaving: false,
      isLabelled: false,
      hasLabel: false,
      installation: undefined,
      taints: [],
      bootId: "boot",
      labels: {},
      operatingSystem: "linux",
      architecture: "amd64",
      shims: {},
      condition: undefined,
    };
  }

  #perform({ node }: ShimOnNode, step: ShimStep): void {
    const machine = this.machines[Number(node.name)];
    // The patch names the node's uid.
    if (machine?.uid !== node.uid) return;
    switch (step.kind) {
      case "label":
      case "unlabel":
        machine.hasLabel = step.kind === "label";
        return;
      case "note":
        machine.note = step.note;
        return;
      case "create-job":
        this.#create(machine, step.action, step.failedAttempts);
        return;
      case "delete-job":
        for (const [action, job] of machine.jobs) {
          if (job.work.uid !== step.uid) continue;
          if (step.isRunning) job.work = { ...job.work, isLeaving: true };
          else machine.jobs.delete(action);
        }
        return;
      default:
        step satisfies never;
    }
  }

  #create(machine: Machine, action: Action, failedAttempts: number): void {
    if (machine.jobs.has(action)) return;
    const work: WorkView = {
      name: action,
      uid: this.#nextUid("job"),
      nodeUid: machine.uid,
      image: "installer",
      state: "running",
      isLeaving: false,
      failedAttempts,
      endedMs: 0,
      message: "",
      bootId: "",
    };
    const request = action === "install" ? this.digest : "";
    machine.jobs.set(action, { request, work, pod: undefined, unheard: undefined, willBeKilled: false });
  }

  #end(machine: Machine, action: Action, job: Job): void {
    const outcome = this.#outcomeOf(machine, action, job);
    if (outcome === "installed") machine.served = job.request;
    if (outcome === "removed") machine.served = undefined;
    const hasSucceeded = outcome === "installed" || outcome === "removed";
    job.work = { ...job.work, state: hasSucceeded ? "succeeded" : "failed", endedMs: this.#nowMs };
    const report = { ...plainReport, outcome };
    job.unheard = { report: outcome === "failed" ? undefined : report, hasStarted: true, hasEnded: true, message: "" };
  }

  #outcomeOf({ isSupported }: Machine, action: Action, job: Job): InstallOutcome {
    if (job.willBeKilled) return "failed";
    if (!isSupported) return "unsupported";
    if (action === "uninstall") return "removed";
    return this.#isArchiveGood ? "installed" : "rolled-back";
  }

  #nextUid(prefix: string): string {
    return `${prefix}-${String(++this.#lastUid)}`;
  }
}

const plainReport = {
  reportVersion: 1,
  runtimeVersion: "",
  distribution: "containerd",
  containerdVersion: "2.1.0",
  handlers: [],
  reason: "Told",
  message: "told",
} as const;

function viewWork(job: Job | undefined): ShimWork | undefined {
  return job === undefined ? undefined : { work: job.work, request: job.request, pod: job.pod };
}
