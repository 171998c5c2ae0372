/**
 * What every Kubernetes object has in common, spelled as the API spells it. Objects are admitted values: the reader has
 * checked them and set the API server's defaults, so lists and maps are there, empty ones included; `print` leaves
 * empty ones out again. Objects are never changed in place; a controller makes a new one.
 */
export interface ObjectMeta {
  readonly name: string;
  /** Absent for kinds without namespaces (Namespace, RuntimeClass). */
  readonly namespace?: string;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  /** Set by the store, never taken from a manifest, as are the fields below. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** Grows with each change of the spec. */
  readonly generation?: number;
  /** RFC 3339 with whole seconds, as are all time stamps of Kubernetes objects. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Metadata of an object that lives in a namespace. */
export interface NamespacedMeta extends ObjectMeta {
  readonly namespace: string;
}

export type StringMap = Readonly<Record<string, string>>;

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: boolean;
}

export interface LabelSelector {
  readonly matchLabels: StringMap;
  readonly matchExpressions: readonly LabelSelectorRequirement[];
}

export interface LabelSelectorRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

export type ConditionStatus = "True" | "False" | "Unknown";

export interface Condition {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
}

/** A port by number, or by the name that a container gave to it. */
export type IntOrString = number | string;

/** Something that happened to an object; repeats are counted, as `kubectl describe` shows them. */
export interface KubeEvent {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** The component that says so: `kubelet`, `deployment-controller`, … */
  readonly source: string;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly involvedObject: ObjectKey;
}

/** Names one object of the whole store. */
export interface ObjectKey {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}
