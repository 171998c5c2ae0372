import assert from "node:assert/strict";

import type { InstallOutcome, InstallReport } from "#api";

import { decide } from "../decide.ts";
import type { Circumstances, Observed, Step } from "../decision.ts";
import type { Installation } from "../installation.ts";
import type { ConditionView, NodeView } from "../node-view.ts";
import type { JobPodView, WorkView } from "../work-view.ts";

/** What may happen to a node that the operator has to live with. */
export const happenings = [
  "ask",
  "stop asking",
  "lose",
  "come back",
  "replace",
  "reboot",
  "release",
  "fail twice",
  "break the next",
  "mend",
  "sabotage",
  "unsupport",
  "lose the pod",
] as const;
export type Happening = (typeof happenings)[number];

interface Work {
  view: WorkView;
  pod: JobPodView | undefined;
  /** What its pod has said already, and the operator has not heard. */
  unheard?: JobPodView | undefined;
}

/** A cluster of one node, and what would happen there: Jobs that end, pods that run if the runtime is there. */
export class World {
  isWished = false;
  isInstalled = false;
  #isBroken = false;
  #isSupported = true;
  #nowMs = 1_000_000;
  #lastUid = 0;
  #image = "installer:v1";
  #failuresLeft = 0;
  #node = { uid: "node-0", bootId: "boot-0", isReady: true, isLabelled: false };
  #installation: Installation | undefined;
  #condition: ConditionView | undefined;
  /** The start of the kernel in which the last probe ran well. */
  #provenBoot: string | undefined;
  readonly #works = new Map<"install" | "uninstall" | "probe", Work>();

  observe(): Observed {
    return {
      node: this.#viewNode(),
      install: this.#works.get("install")?.view,
      uninstall: this.#works.get("uninstall")?.view,
      probe: this.#works.get("probe")?.view,
      installPod: this.#works.get("install")?.pod,
      uninstallPod: this.#works.get("uninstall")?.pod,
    };
  }

  circumstances(): Circumstances {
    return {
      installerImage: this.#image,
      isAutomatic: false,
      startupTaint: undefined,
      mayUpgrade: true,
      nowMs: this.#nowMs,
    };
  }

  /** One decision, of which the operator does so many steps before it dies. Answers whether there was any. */
  reconcile(stepsMax = Infinity): boolean {
    const decision = decide(this.observe(), this.circumstances());
    this.#condition = decision.condition;
    for (const step of decision.steps.slice(0, stepsMax)) this.#perform(step);
    if (decision.requeueAfterMs !== undefined) this.#nowMs += decision.requeueAfterMs;
    const isForGood = this.#failuresLeft === Infinity;
    return decision.steps.length > 0 || (decision.requeueAfterMs !== undefined && !isForGood);
  }

  /** What runs comes to its end. Answers whether anything did. */
  advance(): boolean {
    this.#nowMs += 1_000;
    const hasHeard = this.#hear();
    const running = [...this.#works].filter(([, { view }]) => view.state === "running");
    if (!this.#node.isReady) return hasHeard;
    for (const [kind, work] of running) this.#end(kind, work);
    return running.length > 0 || hasHeard;
  }

  happen(happening: Happening): void {
    switch (happening) {
      case "ask":
        this.isWished = true;
        return;
      case "stop asking":
        this.isWished = false;
        return;
      case "lose":
        this.#node.isReady = false;
        return;
      case "come back":
        this.#node.isReady = true;
        return;
      case "replace":
        this.#replace();
        return;
      case "reboot":
        this.#node.bootId = this.#nextUid("boot");
        return;
      case "release":
        this.#image = `installer:${this.#nextUid("v")}`;
        return;
      case "fail twice":
        this.#failuresLeft = 2;
        return;
      case "break the next":
        this.#failuresLeft = Infinity;
        return;
      case "mend":
        [this.#failuresLeft, this.#isSupported] = [0, true];
        // An installer that had given up on the node is started by a person.
        if (this.#works.get("install")?.view.state === "failed") this.#works.delete("install");
        return;
      case "sabotage":
        this.#isBroken = true;
        return;
      case "unsupport":
        this.#isSupported = false;
        return;
      case "lose the pod":
        for (const work of this.#works.values()) [work.pod, work.unheard] = [undefined, undefined];
        return;
      default:
        happening satisfies never;
    }
  }

  /** A label that is there was earned: a Wasm pod has run there since the node is what it is. */
  assertLabelIsTrue(): void {
    if (this.#node.isLabelled) assert.notEqual(this.#provenBoot, undefined);
  }

  #replace(): void {
    this.#node = { uid: this.#nextUid("node"), bootId: this.#nextUid("boot"), isReady: true, isLabelled: false };
    [this.#installation, this.#condition, this.#provenBoot] = [undefined, undefined, undefined];
    [this.isInstalled, this.#isBroken] = [false, false];
    // Kubernetes takes what the old Node owned some time later; until then the operator sees it.
  }

  #viewNode(): NodeView {
    return {
      ...this.#node,
      name: "a",
      annotation: this.isWished ? "true" : undefined,
      isLabelWish: false,
      isLeaving: false,
      hasLabel: this.#node.isLabelled,
      installation: this.#installation,
      taints: [],
      labels: {},
      operatingSystem: "linux",
      architecture: "amd64",
      shims: {},
      condition: this.#condition,
    };
  }

  #perform(step: Step): void {
    switch (step.kind) {
      case "label":
        this.#node.isLabelled = true;
        return;
      case "unlabel":
        this.#node.isLabelled = false;
        return;
      case "note-installation":
        this.#installation = step.installation;
        return;
      case "create-job":
        this.#create(
          step.action,
          step.failedAttempts,
          step.action === "install" ? this.#image : this.#installation?.image,
        );
        return;
      case "create-probe":
        this.#create("probe", step.failedAttempts, this.#installation?.image);
        return;
      case "delete-job":
      case "delete-probe":
        for (const [kind, { view }] of this.#works) if (view.uid === step.uid) this.#works.delete(kind);
        return;
      case "remove-taint":
        return;
      default:
        step satisfies never;
    }
  }

  #create(kind: "install" | "uninstall" | "probe", failedAttempts: number, image = this.#image): void {
    if (this.#works.has(kind)) return;
    const view: WorkView = {
      name: kind,
      uid: this.#nextUid(kind),
      nodeUid: this.#node.uid,
      image,
      state: "running",
      isLeaving: false,
      failedAttempts,
      endedMs: 0,
      message: "",
      bootId: this.#node.bootId,
    };
    this.#works.set(kind, { view, pod: undefined });
  }

  #end(kind: "install" | "uninstall" | "probe", work: Work): void {
    if (work.view.nodeUid !== this.#node.uid) return;
    if (kind === "probe") {
      const hasRun = this.isInstalled && !this.#isBroken;
      if (hasRun) this.#provenBoot = this.#node.bootId;
      this.#finish(work, hasRun);
      return;
    }
    const outcome = this.#outcomeOf(kind);
    const hasDone = outcome === "installed" || outcome === "removed";
    if (hasDone) [this.isInstalled, this.#isBroken] = [kind === "install", false];
    this.#finish(work, hasDone);
    work.unheard = { hasStarted: true, hasEnded: true, message: "", report: reportOf(outcome) };
  }

  /** Pods' news come after their Jobs'. */
  #hear(): boolean {
    let hasHeard = false;
    for (const work of this.#works.values()) {
      if (work.unheard === undefined) continue;
      [work.pod, work.unheard, hasHeard] = [work.unheard, undefined, true];
    }
    return hasHeard;
  }

  #outcomeOf(kind: "install" | "uninstall"): InstallOutcome {
    if (kind === "uninstall") return "removed";
    if (!this.#isSupported) return "unsupported";
    if (this.#failuresLeft === 0) return "installed";
    this.#failuresLeft -= 1;
    return "rolled-back";
  }

  #finish(work: Work, hasSucceeded: boolean): void {
    work.view = { ...work.view, state: hasSucceeded ? "succeeded" : "failed", endedMs: this.#nowMs };
  }

  #nextUid(prefix: string): string {
    return `${prefix}-${String(++this.#lastUid)}`;
  }
}

const reasons: Partial<Record<InstallOutcome, string>> = {
  "rolled-back": "RestartFailed",
  unsupported: "UnsupportedNode",
};

function reportOf(outcome: InstallOutcome): InstallReport {
  return {
    reportVersion: 1,
    outcome,
    runtimeVersion: "1.2.3",
    distribution: "containerd",
    containerdVersion: "2.1.0",
    handlers: ["kwasm"],
    reason: reasons[outcome] ?? "Done",
    message: outcome,
  };
}
