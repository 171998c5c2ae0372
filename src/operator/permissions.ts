import { shimDefinitionName } from "./shim/definition.ts";

/** One rule of a Role or a ClusterRole. */
export interface Permission {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Only the objects of these names. */
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** All that the operator may do in the whole cluster: the chart grants exactly this, and a test compares them. */
export const clusterPermissions: readonly Permission[] = [
  { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "patch", "watch"] },
  { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
  // A class is made by the patch that a server-side apply is.
  { apiGroups: ["node.k8s.io"], resources: ["runtimeclasses"], verbs: ["create", "delete", "list", "patch", "watch"] },
  // Whether there are Shims at all in this cluster.
  {
    apiGroups: ["apiextensions.k8s.io"],
    resources: ["customresourcedefinitions"],
    resourceNames: [shimDefinitionName],
    verbs: ["list", "watch"],
  },
  { apiGroups: ["runtime.spinkube.dev"], resources: ["shims"], verbs: ["list", "patch", "watch"] },
  { apiGroups: ["runtime.spinkube.dev"], resources: ["shims/status"], verbs: ["patch"] },
  // Events of Nodes, RuntimeClasses and Shims are in the namespace "default".
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
];

/** What it may do in its own namespace. */
export const namespacePermissions: readonly Permission[] = [
  { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "delete", "list", "watch"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["create", "delete", "list", "watch"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "list", "update", "watch"] },
];
