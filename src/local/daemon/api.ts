import type { KubeEvent, KubeObject, ObjectKey } from "../kinds/index.ts";

/**
 * The words of control's HTTP API, spoken over a Unix socket in the state folder by the `kwasm` commands of the same
 * user. Every path starts with the version; a change that old commands would misread gets a new one.
 */
export const API_PREFIX = "/v1";

/** Bytes of one request's body: 10 objects of the largest size, or some thousands of the usual one. */
export const REQUEST_BYTES_MAX = 16 * 1_048_576;

/** Objects of one `apply`; a folder of manifests has tens. */
export const APPLY_OBJECTS_MAX = 5_000;

/** Connections at a time: each command uses one or two. */
export const API_CONNECTIONS_MAX = 256;

/** Bytes that a watcher may leave unread before it is let go; it may ask again. */
export const WATCH_BACKLOG_BYTES_MAX = 8 * 1_048_576;

export type ApplyOutcome = "created" | "configured" | "unchanged";

export interface ApplyResult {
  readonly key: ObjectKey;
  readonly outcome: ApplyOutcome;
}

/** Which objects: all of a kind, or those that the other fields narrow it to. */
export interface ObjectQuery {
  readonly kind: KubeObject["kind"];
  /** Absent means every namespace. */
  readonly namespace?: string;
  readonly name?: string;
  /** `app=web,tier!=db`: Kubernetes' label selector. */
  readonly labelSelector?: string;
}

export interface Description {
  readonly object: KubeObject;
  /** Oldest first. */
  readonly events: readonly KubeEvent[];
  /** The pods of a Deployment or behind a Service. */
  readonly pods: readonly KubeObject[];
}

export interface ScaleRequest {
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
}

export interface DeleteRequest {
  readonly keys: readonly ObjectKey[];
  /** Replaces each pod's own grace. */
  readonly graceSeconds?: number;
}

export interface DownRequest {
  /** Guests end and what should run is remembered: the next command starts it again. */
  readonly keepObjects: boolean;
}

export interface Health {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly objectCount: number;
  readonly podCount: number;
  readonly balancerPid?: number;
  readonly cells: readonly { readonly group: string; readonly pid: number }[];
}

/** One line of a watch: first every object that is there as `ADDED`, then `SYNCED`, then each change. */
export type WatchLine =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject }
  | { readonly type: "SYNCED" };
