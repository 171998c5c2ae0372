/** A kind of objects, and how the API addresses it. */
export interface ResourceType {
  /** `v1`, or group and version as `batch/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
}

/** The kinds that we read or write. */
export const resourceTypes = {
  node: { apiVersion: "v1", kind: "Node", plural: "nodes", isNamespaced: false },
  namespace: { apiVersion: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false },
  pod: { apiVersion: "v1", kind: "Pod", plural: "pods", isNamespaced: true },
  configMap: { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true },
  secret: { apiVersion: "v1", kind: "Secret", plural: "secrets", isNamespaced: true },
  service: { apiVersion: "v1", kind: "Service", plural: "services", isNamespaced: true },
  deployment: { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments", isNamespaced: true },
  daemonSet: { apiVersion: "apps/v1", kind: "DaemonSet", plural: "daemonsets", isNamespaced: true },
  job: { apiVersion: "batch/v1", kind: "Job", plural: "jobs", isNamespaced: true },
  event: { apiVersion: "events.k8s.io/v1", kind: "Event", plural: "events", isNamespaced: true },
  lease: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases", isNamespaced: true },
  runtimeClass: { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", plural: "runtimeclasses", isNamespaced: false },
  shim: { apiVersion: "runtime.spinkube.dev/v1alpha1", kind: "Shim", plural: "shims", isNamespaced: false },
  customResourceDefinition: {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    isNamespaced: false,
  },
} as const satisfies Readonly<Record<string, ResourceType>>;
