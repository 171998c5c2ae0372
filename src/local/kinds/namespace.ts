import type { ObjectMeta } from "./object.ts";

export interface Namespace {
  readonly apiVersion: "v1";
  readonly kind: "Namespace";
  readonly metadata: ObjectMeta;
  readonly status?: NamespaceStatus;
}

export interface NamespaceStatus {
  readonly phase: "Active" | "Terminating";
}
