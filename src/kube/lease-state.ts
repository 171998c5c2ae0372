import type { KubeObject } from "./object.ts";
import { numberAt, textAt } from "./read-field.ts";

/** What matters of a Lease: coordination.k8s.io/v1. */
export interface LeaseState {
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
  readonly acquireTime: string | undefined;
  readonly resourceVersion: string;
}

export function readLease(object: KubeObject): LeaseState {
  return {
    holder: textAt(object, "spec", "holderIdentity") ?? "",
    durationMs: (numberAt(object, "spec", "leaseDurationSeconds") ?? 0) * 1000,
    transitions: numberAt(object, "spec", "leaseTransitions") ?? 0,
    acquireTime: textAt(object, "spec", "acquireTime"),
    resourceVersion: object.metadata.resourceVersion ?? "",
  };
}

/** A Lease as we saw it, and when by our own clock: the clocks of others may be wrong. */
export interface SeenLease {
  readonly state: LeaseState;
  readonly seenAtMs: number;
}

export type LeaseDecision =
  | { readonly kind: "create" }
  | { readonly kind: "take"; readonly from: LeaseState }
  | { readonly kind: "wait"; readonly durationMs: number };

/** Whether the lease is ours to take: nobody holds it, we do, or its holder has not renewed it for as long as it promised. */
export function decideLease(seen: SeenLease | undefined, identity: string, nowMs: number): LeaseDecision {
  if (seen === undefined) return { kind: "create" };
  const { state, seenAtMs } = seen;
  const leftMs = seenAtMs + state.durationMs - nowMs;
  const isFree = state.holder === "" || state.holder === identity || leftMs <= 0;
  return isFree ? { kind: "take", from: state } : { kind: "wait", durationMs: leftMs };
}
