import { annotations, parseMappedPorts } from "#api";

import {
  checkDnsLabel,
  checkIpv4,
  checkServiceName,
  type Cursor,
  flag,
  ignored,
  ignoredSo,
  integer,
  invalid,
  listOf,
  mapped,
  objectOf,
  oneOf,
  optional,
  portNumber,
  required,
  type Schema,
  someText,
  text,
  withDefault,
} from "../schema/index.ts";
import { warnOfProtocol } from "./container.ts";
import { describeAnnotations, describeIdentity, describeLabels } from "./describe-metadata.ts";
import { ageOf } from "./human-duration.ts";
import { type AnyObject, type DescribeContext, type DescribeLine, type KindDefinition, line } from "./kind.ts";
import { formatSelector, matchesLabels } from "./label-selector.ts";
import { labelMap, namespacedMeta } from "./metadata.ts";
import type { IntOrString, NamespacedMeta, StringMap } from "./object.ts";
import { isPodReady, type Pod } from "./pod.ts";
import type { Protocol } from "./pod-spec.ts";
import { portReference } from "./probe.ts";

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

/** Seconds that `sessionAffinity: ClientIP` remembers a client, unless said. */
const AFFINITY_DEFAULT_SECONDS = 10_800;
const AFFINITY_SECONDS_MAX = 86_400;
/** The range that an API server gives and takes node ports from. */
const NODE_PORT_MIN = 30_000;
const NODE_PORT_MAX = 32_767;

type Affinity = NonNullable<ServiceSpec["sessionAffinityConfig"]>;
type WrittenPort = Omit<ServicePort, "targetPort"> & Partial<Pick<ServicePort, "targetPort">>;

const unsupported = {
  allocateLoadBalancerNodePorts: ignored(true),
  clusterIPs: ignored(),
  externalIPs: ignoredSo("the service is reached on its own address"),
  externalName: ignoredSo("the name does not resolve to another one"),
  externalTrafficPolicy: ignored("Cluster", "Local"),
  healthCheckNodePort: ignored(),
  internalTrafficPolicy: ignored("Cluster", "Local"),
  ipFamilies: ignored(),
  ipFamilyPolicy: ignored("SingleStack", "PreferDualStack"),
  loadBalancerClass: ignored(),
  loadBalancerIP: ignoredSo("the service is reached on its own address"),
  loadBalancerSourceRanges: ignoredSo("every program of this machine may connect"),
  trafficDistribution: ignored("PreferClose", "PreferSameZone", "PreferSameNode"),
};

const read: Schema<Service> = objectOf<Omit<Service, "status">>({
  fields: {
    apiVersion: required(oneOf("v1")),
    kind: required(oneOf("Service")),
    metadata: required(namespacedMeta(checkServiceName)),
    spec: required(serviceSpec()),
  },
  serverOwned: ["status"],
});

function serviceSpec(): Schema<ServiceSpec> {
  const written = objectOf<ServiceSpec>({
    fields: {
      type: withDefault(oneOf("ClusterIP", "NodePort", "LoadBalancer"), "ClusterIP"),
      clusterIP: optional(clusterIp()),
      ports: withDefault(listOf(servicePort(), { uniqueBy: ["name", ({ name }) => name] }), []),
      selector: withDefault(labelMap(), {}),
      sessionAffinity: withDefault(oneOf("ClientIP", "None"), "None"),
      sessionAffinityConfig: optional(affinity()),
      publishNotReadyAddresses: withDefault(flag(), false),
    },
    unsupported,
    rule: checkSpec,
  });
  return mapped(written, fillAffinity);
}

function fillAffinity({ sessionAffinityConfig, ...spec }: ServiceSpec): ServiceSpec {
  if (spec.sessionAffinity === "None") return spec;
  const standard: Affinity = { clientIP: { timeoutSeconds: AFFINITY_DEFAULT_SECONDS } };
  return { ...spec, sessionAffinityConfig: sessionAffinityConfig ?? standard };
}

function clusterIp(): Schema<string> {
  return text((value) => (value === "" || value === "None" ? undefined : checkIpv4(value)));
}

function affinity(): Schema<Affinity> {
  const clientIp = objectOf<Affinity["clientIP"]>({
    fields: { timeoutSeconds: withDefault(integer(1, AFFINITY_SECONDS_MAX), AFFINITY_DEFAULT_SECONDS) },
  });
  return objectOf<Affinity>({
    fields: { clientIP: withDefault(clientIp, { timeoutSeconds: AFFINITY_DEFAULT_SECONDS }) },
  });
}

function servicePort(): Schema<ServicePort> {
  const written = objectOf<WrittenPort>({
    fields: {
      name: optional(someText(checkDnsLabel)),
      port: required(portNumber()),
      targetPort: optional(portReference()),
      nodePort: optional(integer(NODE_PORT_MIN, NODE_PORT_MAX)),
      protocol: withDefault(oneOf("SCTP", "TCP", "UDP"), "TCP"),
      appProtocol: optional(text()),
    },
  });
  return mapped(written, (port) => ({ ...port, targetPort: port.targetPort ?? port.port }));
}

function checkSpec(spec: ServiceSpec, cursor: Cursor): void {
  const { ports, type, clusterIP } = spec;
  if (ports.length === 0 && clusterIP !== "None") cursor.refuseMissing("ports");
  if (clusterIP === "None" && type !== "ClusterIP") {
    cursor.find("clusterIP").refuse(invalid(clusterIP, `may not be set to 'None' for ${type} services`));
  }
  const seen = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const place = cursor.find("ports", index);
    const key = `${port.port}/${port.protocol}`;
    if (seen.has(key)) place.find("port").refuse(`Duplicate value: ${JSON.stringify(key)}`);
    if (ports.length > 1 && port.name === undefined) place.refuseMissing("name", "each of several ports has a name");
    if (port.nodePort !== undefined && type === "ClusterIP") {
      place.find("nodePort").refuse("Forbidden: may not be used when `type` is 'ClusterIP'");
    }
    warnOfProtocol(port.protocol, place);
    seen.add(key);
  }
}

export const serviceKind: KindDefinition<Service> = {
  kind: "Service",
  apiVersion: "v1",
  plural: "services",
  shortNames: ["svc"],
  isNamespaced: true,
  read,
  columns: [
    { header: "NAME", cell: ({ metadata }) => metadata.name },
    { header: "TYPE", cell: ({ spec }) => spec.type },
    { header: "CLUSTER-IP", cell: ({ spec }) => spec.clusterIP ?? "<none>" },
    { header: "EXTERNAL-IP", cell: externalAddress },
    { header: "PORT(S)", cell: formatPorts },
    { header: "AGE", cell: ({ metadata }, { nowMs }) => ageOf(metadata, nowMs) },
    { header: "SELECTOR", isWide: true, cell: ({ spec }) => formatLabels(spec.selector) },
  ],
  describe: describeService,
};

function externalAddress({ spec, status }: Service): string {
  if (spec.type !== "LoadBalancer") return "<none>";
  return status?.loadBalancer.ingress.map(({ ip }) => ip).join(",") || "<pending>";
}

/** `80:30080/TCP` as kubectl has it; a port that is served elsewhere shows where: `80->8080/TCP`. */
function formatPorts({ metadata, spec }: Service): string {
  const mappedPorts = parseMappedPorts(metadata.annotations[annotations.mappedPorts]);
  const ports = spec.ports.map(({ port, nodePort, protocol }) => {
    const real = mappedPorts.get(port) ?? port;
    const served = real === port ? "" : `->${real}`;
    const node = nodePort === undefined ? "" : `:${nodePort}`;
    return `${port}${served}${node}/${protocol}`;
  });
  return ports.join(",") || "<none>";
}

function formatLabels(labels: StringMap): string {
  return formatSelector({ matchLabels: labels, matchExpressions: [] });
}

function describeService(service: Service, { related }: DescribeContext): readonly DescribeLine[] {
  const { metadata, spec } = service;
  const external = externalAddress(service);
  return [
    ...describeIdentity(metadata),
    ...describeLabels(0, "Labels:", metadata.labels),
    ...describeAnnotations(0, metadata.annotations),
    line(0, "Selector:", formatLabels(spec.selector)),
    line(0, "Type:", spec.type),
    line(0, "IP Families:", "IPv4"),
    line(0, "IP:", spec.clusterIP ?? ""),
    line(0, "IPs:", spec.clusterIP ?? "<none>"),
    ...(spec.type === "LoadBalancer" ? [line(0, "LoadBalancer Ingress:", external)] : []),
    ...spec.ports.flatMap((port) => describePort(service, port, related)),
    line(0, "Session Affinity:", spec.sessionAffinity),
  ];
}

function describePort(service: Service, port: ServicePort, related: readonly AnyObject[]): readonly DescribeLine[] {
  const name = port.name ?? "<unset>";
  const real = parseMappedPorts(service.metadata.annotations[annotations.mappedPorts]).get(port.port);
  return [
    line(0, "Port:", name, `${port.port}/${port.protocol}`),
    ...(real === undefined || real === port.port ? [] : [line(0, "MappedPort:", name, `${real}/${port.protocol}`)]),
    line(0, "TargetPort:", `${port.targetPort}/${port.protocol}`),
    ...(port.nodePort === undefined ? [] : [line(0, "NodePort:", name, `${port.nodePort}/${port.protocol}`)]),
    line(0, "Endpoints:", describeEndpoints(service, port, related)),
  ];
}

/** kubectl names the first three. */
const ENDPOINTS_SHOWN_MAX = 3;

function describeEndpoints({ spec }: Service, port: ServicePort, related: readonly AnyObject[]): string {
  if (Object.keys(spec.selector).length === 0) return "<none>";
  const pods = related.filter((object): object is Pod => object.kind === "Pod");
  const chosen = pods.filter((pod) => matchesLabels(spec.selector, pod.metadata.labels) && isPodReady(pod));
  const all = chosen.map((pod) => `${pod.status?.podIP ?? ""}:${targetPortOf(pod, port.targetPort)}`);
  const shown = all.slice(0, ENDPOINTS_SHOWN_MAX).join(",");
  return all.length > ENDPOINTS_SHOWN_MAX ? `${shown} + ${all.length - ENDPOINTS_SHOWN_MAX} more...` : shown;
}

function targetPortOf({ spec }: Pod, target: IntOrString): number | string {
  const named = spec.containers.flatMap(({ ports }) => ports).find(({ name }) => name === target);
  return named?.containerPort ?? target;
}
