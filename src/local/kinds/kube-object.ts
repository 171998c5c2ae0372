import type { ConfigMap } from "./config-map.ts";
import type { Deployment } from "./deployment.ts";
import type { Namespace } from "./namespace.ts";
import type { Pod } from "./pod.ts";
import type { RuntimeClass } from "./runtime-class.ts";
import type { Secret } from "./secret.ts";
import type { Service } from "./service.ts";

/** Every object that this machine keeps. */
export type KubeObject = Pod | Deployment | Service | ConfigMap | Secret | Namespace | RuntimeClass;
