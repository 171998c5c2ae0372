/** The schema of a pod's spec, which every kind that makes pods embeds. */
import {
  checkDnsLabel,
  checkDnsSubdomain,
  type Cursor,
  flag,
  ignored,
  ignoredSo,
  integer,
  listOf,
  objectOf,
  oneOf,
  optional,
  required,
  type Schema,
  someText,
  type UnsupportedField,
  withDefault,
} from "../schema/index.ts";
import { containers } from "./container.ts";
import { templateMeta } from "./metadata.ts";
import type { PodSpec, PodTemplate } from "./pod-spec.ts";
import { volumes } from "./volume.ts";

const GRACE_PERIOD_DEFAULT_SECONDS = 30;

/** There is one machine to choose from, so what chooses a node is said to be idle once, not pod by pod. */
const placement: UnsupportedField = {
  harmless: [],
  consequence:
    "nodeSelector, affinity, tolerations and topologySpreadConstraints are ignored: all pods run on this machine",
  once: true,
};

const unsupported = {
  affinity: placement,
  nodeSelector: placement,
  tolerations: placement,
  topologySpreadConstraints: placement,
  automountServiceAccountToken: ignored(true, false),
  dnsConfig: ignoredSo("guests resolve names as this machine does"),
  dnsPolicy: ignored("ClusterFirst", "Default"),
  ephemeralContainers: ignoredSo("they are not started"),
  hostAliases: ignoredSo("the names do not resolve"),
  hostIPC: ignored(false),
  hostNetwork: ignored(false),
  hostPID: ignored(false),
  hostUsers: ignored(true, false),
  hostnameOverride: ignored(),
  initContainers: ignoredSo("they are not run, and the containers start without them"),
  os: ignored(),
  overhead: ignored(),
  preemptionPolicy: ignored("PreemptLowerPriority"),
  priority: ignored(0),
  priorityClassName: ignoredSo("all pods are equal"),
  readinessGates: ignoredSo("they count as passed"),
  resourceClaims: ignoredSo("there are no devices to claim"),
  resources: ignoredSo("only limits of containers count"),
  schedulerName: ignored("default-scheduler"),
  schedulingGates: ignoredSo("pods start at once"),
  securityContext: ignoredSo("a Wasm guest has no user, no groups and no privileges to set"),
  serviceAccount: ignored("default"),
  serviceAccountName: ignored("default"),
  setHostnameAsFQDN: ignored(false),
  shareProcessNamespace: ignored(false),
  workloadRef: ignored(),
};

/** `restartPolicies` are those that the owner allows; the first is the default. */
export function podSpec(...restartPolicies: readonly PodSpec["restartPolicy"][]): Schema<PodSpec> {
  return objectOf<PodSpec>({
    fields: {
      containers: required(containers()),
      volumes: withDefault(volumes(), []),
      restartPolicy: withDefault(oneOf(...restartPolicies), restartPolicies[0] ?? "Always"),
      terminationGracePeriodSeconds: withDefault(integer(0), GRACE_PERIOD_DEFAULT_SECONDS),
      activeDeadlineSeconds: optional(integer(1)),
      runtimeClassName: optional(someText(checkDnsSubdomain)),
      hostname: optional(someText(checkDnsLabel)),
      subdomain: optional(someText(checkDnsLabel)),
      nodeName: optional(someText(checkDnsSubdomain)),
      enableServiceLinks: withDefault(flag(), true),
      imagePullSecrets: optional(listOf(objectOf({ fields: { name: required(someText(checkDnsSubdomain)) } }))),
    },
    unsupported,
    rule: checkMounts,
  });
}

export function podTemplate(...restartPolicies: readonly PodSpec["restartPolicy"][]): Schema<PodTemplate> {
  return objectOf<PodTemplate>({
    fields: {
      metadata: withDefault(templateMeta(), { labels: {}, annotations: {} }),
      spec: required(podSpec(...restartPolicies)),
    },
  });
}

/** Each mount names a volume of the pod. */
function checkMounts(spec: PodSpec, cursor: Cursor): void {
  const names = new Set(spec.volumes.map(({ name }) => name));
  for (const [containerIndex, { volumeMounts }] of spec.containers.entries()) {
    for (const [index, { name }] of volumeMounts.entries()) {
      const place = cursor.find("containers", containerIndex, "volumeMounts", index, "name");
      if (!names.has(name)) place.refuse(`Not found: ${JSON.stringify(name)}`);
    }
  }
}
