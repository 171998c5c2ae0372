export { type Admission, admitObject } from "./admit-object.ts";
export type { ConfigMap } from "./config-map.ts";
export type { Deployment, DeploymentSpec, DeploymentStatus, DeploymentStrategy, RollingUpdate } from "./deployment.ts";
export type { Namespace, NamespaceStatus } from "./namespace.ts";
export type * from "./object.ts";
export type { Pod } from "./pod.ts";
export type * from "./pod-spec.ts";
export type * from "./pod-status.ts";
export type { RuntimeClass } from "./runtime-class.ts";
export type { Secret } from "./secret.ts";
export type { Service, ServicePort, ServiceSpec, ServiceStatus } from "./service.ts";
export { formatHumanDuration } from "./human-duration.ts";
export {
  type AnyObject,
  type Column,
  type DescribeContext,
  type DescribeLine,
  type KindDefinition,
  line,
} from "./kind.ts";
export { formatSelector, matchesLabels, matchesSelector } from "./label-selector.ts";
export { DEFAULT_NAMESPACE } from "./metadata.ts";
export { isPodReady, podStatusWord } from "./pod.ts";
export { findKindByWord, kindOf, kinds } from "./table.ts";
export type { KubeObject } from "./kube-object.ts";
