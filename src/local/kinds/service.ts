import type { IntOrString, NamespacedMeta, StringMap } from "./object.ts";
import type { Protocol } from "./pod-spec.ts";

export interface Service {
  readonly apiVersion: "v1";
  readonly kind: "Service";
  readonly metadata: NamespacedMeta;
  readonly spec: ServiceSpec;
  readonly status?: ServiceStatus;
}

export interface ServiceSpec {
  readonly type: "ClusterIP" | "NodePort" | "LoadBalancer";
  /** Given by the user, or by the controller at creation; `None` for a headless service. */
  readonly clusterIP?: string;
  readonly ports: readonly ServicePort[];
  readonly selector: StringMap;
  readonly sessionAffinity: "None" | "ClientIP";
  /** There for `ClientIP` and only there. */
  readonly sessionAffinityConfig?: { readonly clientIP: { readonly timeoutSeconds: number } };
  readonly publishNotReadyAddresses: boolean;
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  /** A number, or the name of a container's port. */
  readonly targetPort: IntOrString;
  readonly nodePort?: number;
  readonly protocol: Protocol;
  readonly appProtocol?: string;
}

/** The real ports, where they differ from the declared ones, are in the annotation `annotations.mappedPorts` of `#api`. */
export interface ServiceStatus {
  readonly loadBalancer: { readonly ingress: readonly { readonly ip: string }[] };
}
