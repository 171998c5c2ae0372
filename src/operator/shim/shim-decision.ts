import type { NodeView } from "../node/node-view.ts";
import type { JobPodView, WorkView } from "../node/work-view.ts";
import type { ShimRequest } from "./shim-request.ts";

/** One shim on one node. */
export interface ShimOnNode {
  readonly node: NodeView;
  /** The Shim is there to stay and selects the node. */
  readonly isWanted: boolean;
  readonly request: ShimRequest;
  readonly install: ShimWork | undefined;
  readonly uninstall: ShimWork | undefined;
  /** Its label, right or not. */
  readonly hasLabel: boolean;
  readonly isLabelled: boolean;
  readonly note: ShimNote | undefined;
}

/** An installer's Job, what it was asked for, and its pod. */
export interface ShimWork {
  readonly work: WorkView;
  /** The digest of a request. */
  readonly request: string;
  readonly pod: JobPodView | undefined;
}

/**
 * What the operator notes on the node: the digest of the request that was fulfilled there last, or that an installer has
 * been started since. So whatever may be on a node was noted before, and a digest is only there while it is true.
 */
export type ShimNote = string;

/** No digest has such a letter. */
export const STARTED: ShimNote = "started";

export type ShimStep =
  | { readonly kind: "label" | "unlabel" }
  | { readonly kind: "note"; readonly note: ShimNote | undefined }
  | { readonly kind: "create-job"; readonly action: "install" | "uninstall"; readonly failedAttempts: number }
  /** Of a Job that runs the pod ends first, so that what comes next finds a node that nobody else changes. */
  | { readonly kind: "delete-job"; readonly name: string; readonly uid: string; readonly isRunning: boolean };

export interface ShimDecision {
  readonly steps: readonly ShimStep[];
  readonly state: ShimState;
  readonly requeueAfterMs?: number;
}

export interface ShimState {
  /** `absent`: nothing of it is on the node, and no Job either. */
  readonly kind: "absent" | "ready" | "working" | "waiting" | "failed";
  /** One word, as reasons of conditions are. */
  readonly reason: string;
  readonly message: string;
}

export interface ShimCircumstances {
  /** Whether one more node may be worked on: see planShim. */
  readonly mayStart: boolean;
  readonly nowMs: number;
}
