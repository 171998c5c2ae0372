import type { ConfigMap } from "./config-map.ts";
import type { Deployment } from "./deployment.ts";
import type { Namespace } from "./namespace.ts";
import type { Pod } from "./pod.ts";
import type { RuntimeClass } from "./runtime-class.ts";
import type { Secret } from "./secret.ts";
import type { Service } from "./service.ts";

/** Every object that this machine keeps. */
export type KubeObject = Pod | Deployment | Service | ConfigMap | Secret | Namespace | RuntimeClass;

export type { ConfigMap } from "./config-map.ts";
export type {
  Deployment,
  DeploymentSpec,
  DeploymentStatus,
  DeploymentStrategy,
  PodTemplate,
  RollingUpdate,
} from "./deployment.ts";
export type { Namespace, NamespaceStatus } from "./namespace.ts";
export type * from "./object.ts";
export type { Pod } from "./pod.ts";
export type * from "./pod-spec.ts";
export type * from "./pod-status.ts";
export type { RuntimeClass } from "./runtime-class.ts";
export type { Secret } from "./secret.ts";
export type { Service, ServicePort, ServiceSpec, ServiceStatus } from "./service.ts";
