import type { ObjectMeta } from "./object.ts";

export interface RuntimeClass {
  readonly apiVersion: "node.k8s.io/v1";
  readonly kind: "RuntimeClass";
  readonly metadata: ObjectMeta;
  /** One of `runtimeHandlers` of `#api`, or the pod is refused. */
  readonly handler: string;
}
