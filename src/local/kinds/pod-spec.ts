import type { IntOrString, StringMap } from "./object.ts";

/** What a pod runs; also the heart of every pod template. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
  readonly restartPolicy: RestartPolicy;
  readonly terminationGracePeriodSeconds: number;
  readonly activeDeadlineSeconds?: number;
  readonly runtimeClassName?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly nodeName?: string;
  /** False leaves out the `{NAME}_SERVICE_HOST` variables of services. */
  readonly enableServiceLinks: boolean;
  /** Secrets with credentials for registries. */
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

export type RestartPolicy = "Always" | "OnFailure" | "Never";

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  /** Replaces the image's entrypoint where it is not empty; `$(VAR)` not yet expanded. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir?: string;
  readonly env: readonly EnvVar[];
  readonly envFrom: readonly EnvFromSource[];
  readonly ports: readonly ContainerPort[];
  readonly resources: ResourceRequirements;
  readonly volumeMounts: readonly VolumeMount[];
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
}

export interface EnvVar {
  readonly name: string;
  /** Absent means empty, unless `valueFrom` is there. */
  readonly value?: string;
  readonly valueFrom?: EnvVarSource;
}

/** Exactly one of the four is there. */
export interface EnvVarSource {
  readonly configMapKeyRef?: KeySelector;
  readonly secretKeyRef?: KeySelector;
  readonly fieldRef?: FieldSelector;
  readonly resourceFieldRef?: ResourceFieldSelector;
}

export interface KeySelector {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

export interface FieldSelector {
  /** `metadata.name`, `metadata.labels['app']`, `status.podIP`, …: what the downward API offers. */
  readonly fieldPath: string;
  readonly apiVersion: string;
}

export interface ResourceFieldSelector {
  readonly containerName?: string;
  /** `limits.cpu`, `requests.memory`, … */
  readonly resource: string;
  readonly divisor: string;
}

/** Exactly one of the two references is there. */
export interface EnvFromSource {
  readonly prefix: string;
  readonly configMapRef?: ObjectReference;
  readonly secretRef?: ObjectReference;
}

export interface ObjectReference {
  readonly name: string;
  readonly optional?: boolean;
}

export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly hostIP?: string;
  readonly protocol: Protocol;
}

export type Protocol = "TCP" | "UDP" | "SCTP";

/** Amounts are canonical quantities; `parseQuantity` of `#api` reads them. Requests default to limits. */
export interface ResourceRequirements {
  readonly limits: StringMap;
  readonly requests: StringMap;
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
  /** A path below the volume's root; never absolute and without `..`. */
  readonly subPath?: string;
}

/**
 * At most one of the actions is there; a probe without any (its action is not supported, which the reader warned of)
 * always succeeds.
 */
export interface Probe {
  readonly httpGet?: HttpGetAction;
  readonly tcpSocket?: TcpSocketAction;
  readonly initialDelaySeconds: number;
  readonly timeoutSeconds: number;
  readonly periodSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** Replaces the pod's own for a container that its liveness or startup probe ends. */
  readonly terminationGracePeriodSeconds?: number;
}

export interface HttpGetAction {
  readonly path: string;
  readonly port: IntOrString;
  /** Absent means the pod's own address. */
  readonly host?: string;
  readonly scheme: "HTTP" | "HTTPS";
  readonly httpHeaders: readonly { readonly name: string; readonly value: string }[];
}

export interface TcpSocketAction {
  readonly port: IntOrString;
  readonly host?: string;
}

/** Exactly one source is there. */
export interface Volume {
  readonly name: string;
  readonly configMap?: ConfigMapVolumeSource;
  readonly secret?: SecretVolumeSource;
  readonly emptyDir?: EmptyDirVolumeSource;
}

export interface ConfigMapVolumeSource {
  readonly name: string;
  readonly items: readonly KeyToPath[];
  /** Permission bits, 0o644 unless said. */
  readonly defaultMode: number;
  readonly optional?: boolean;
}

export interface SecretVolumeSource {
  readonly secretName: string;
  readonly items: readonly KeyToPath[];
  readonly defaultMode: number;
  readonly optional?: boolean;
}

export interface EmptyDirVolumeSource {
  readonly medium?: "" | "Memory";
  readonly sizeLimit?: string;
}

export interface KeyToPath {
  readonly key: string;
  /** Relative, without `..`. */
  readonly path: string;
  readonly mode?: number;
}

/** What a controller makes pods from. */
export interface PodTemplate {
  readonly metadata: { readonly labels: StringMap; readonly annotations: StringMap };
  readonly spec: PodSpec;
}
