export { type ConditionView, conditionOf, isTrouble, type NodeView, viewNode } from "./node/node-view.ts";
export { complaintOf, isWanted } from "./node/wish.ts";
export { probeClassName } from "./node/work-objects.ts";
export { type JobPodView, managedSelector, viewJob, viewJobPod, type WorkView } from "./node/work-view.ts";
export { clusterPermissions, namespacePermissions, type Permission } from "./permissions.ts";
export { LEASE_NAME, runOperator } from "./run-operator.ts";
export { readSettings, type Settings } from "./settings.ts";
