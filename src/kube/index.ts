export { ApiError, type ApiReason, isApiError } from "./api-error.ts";
export {
  createKubeClient,
  type DeleteOptions,
  type KubeClient,
  type ListOptions,
  type NewObject,
  type Patch,
  type WatchOptions,
} from "./client.ts";
export { type KubeConnection } from "./connection.ts";
export { type Controller, type Reconciled, runController, type Trigger, triggerOf } from "./controller.ts";
export { createEventRecorder, type EventFact, type EventRecorder } from "./event-recorder.ts";
export { inClusterConnection } from "./in-cluster.ts";
export { createInformer, type Informer } from "./informer.ts";
export { loadConnection } from "./kubeconfig.ts";
export { runWithLease } from "./lease.ts";
export {
  keyOf,
  type KubeObject,
  type Metadata,
  nameOfKey,
  type ObjectName,
  type OwnerReference,
  ownerReferenceTo,
} from "./object.ts";
export { type Change } from "./object-cache.ts";
export { type ControllerObserver, type ReconcileOutcome } from "./observer.ts";
export { booleanAt, fieldAt, listAt, numberAt, textAt } from "./read-field.ts";
export { type ResourceType, resourceTypes } from "./resource-type.ts";
export { type RequestObserver } from "./transport.ts";
export { type WatchEvent } from "./watch-event.ts";
