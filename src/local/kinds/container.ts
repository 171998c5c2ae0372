import { compareQuantities, parseQuantity } from "#api";

import {
  checkConfigKey,
  checkDnsLabel,
  checkDnsSubdomain,
  checkEnvName,
  checkIpv4,
  checkNoNul,
  checkPortName,
  type Cursor,
  flag,
  ignored,
  ignoredSo,
  invalid,
  listOf,
  mapOf,
  mapped,
  objectOf,
  oneOf,
  optional,
  portNumber,
  quantity,
  required,
  type Schema,
  someText,
  text,
  unsupportedValue,
  withDefault,
} from "../schema/index.ts";
import type {
  Container,
  ContainerPort,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FieldSelector,
  KeySelector,
  ObjectReference,
  Protocol,
  ResourceFieldSelector,
  ResourceRequirements,
} from "./pod-spec.ts";
import { probe } from "./probe.ts";
import { volumeMounts } from "./volume.ts";

/** Field paths that a variable may take its value from; labels and annotations are named in brackets. */
const fieldPathsOfEnv = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.podIP",
  "status.podIPs",
  "status.hostIPs",
] as const;

const keyedFieldPath = /^metadata\.(?:labels|annotations)\['[^']+'\]$/;
const resourcesOfEnv = [
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
] as const;

export function containers(): Schema<readonly Container[]> {
  return listOf(container(), { itemsMin: 1, uniqueBy: ["name", ({ name }) => name] });
}

function container(): Schema<Container> {
  const read = objectOf<Omit<Container, "imagePullPolicy"> & Partial<Pick<Container, "imagePullPolicy">>>({
    fields: {
      name: required(someText(checkDnsLabel)),
      image: required(someText(checkNoNul)),
      imagePullPolicy: optional(oneOf("Always", "IfNotPresent", "Never")),
      command: withDefault(listOf(text(checkNoNul)), []),
      args: withDefault(listOf(text(checkNoNul)), []),
      workingDir: optional(text(checkNoNul)),
      env: withDefault(listOf(envVar()), []),
      envFrom: withDefault(listOf(envFromSource()), []),
      ports: withDefault(listOf(containerPort(), { uniqueBy: ["name", ({ name }) => name] }), []),
      resources: withDefault(resourceRequirements(), { limits: {}, requests: {} }),
      volumeMounts: withDefault(volumeMounts(), []),
      livenessProbe: optional(probe("livenessProbe")),
      readinessProbe: optional(probe("readinessProbe")),
      startupProbe: optional(probe("startupProbe")),
    },
    unsupported: {
      lifecycle: ignoredSo("no hook is run"),
      securityContext: ignoredSo("a Wasm guest has no user, no capabilities and no privileges to set"),
      resizePolicy: ignored(),
      restartPolicy: ignoredSo("only the pod's own restartPolicy counts"),
      restartPolicyRules: ignored(),
      stdin: ignoredSo("a guest's standard input is empty"),
      stdinOnce: ignored(false),
      terminationMessagePath: ignored("/dev/termination-log"),
      terminationMessagePolicy: ignored("File"),
      tty: ignored(false),
      volumeDevices: ignoredSo("there are no block devices"),
    },
    rule: checkPorts,
  });
  return mapped(read, (value) => ({ ...value, imagePullPolicy: value.imagePullPolicy ?? pullPolicyOf(value.image) }));
}

/** The API server's default: a tag `latest`, or none, is pulled at each start. */
function pullPolicyOf(image: string): Container["imagePullPolicy"] {
  if (image.includes("@")) return "IfNotPresent";
  const tag = /:(?<tag>[^/:]+)$/.exec(image)?.groups?.["tag"] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

function checkPorts({ ports }: Pick<Container, "ports">, cursor: Cursor): void {
  const seen = new Set<string>();
  for (const [index, { containerPort: port, protocol }] of ports.entries()) {
    const key = `${port}/${protocol}`;
    const place = cursor.find("ports", index, "containerPort");
    if (seen.has(key)) place.refuse(`Duplicate value: ${JSON.stringify(key)}`);
    warnOfProtocol(protocol, cursor.find("ports", index));
    seen.add(key);
  }
}

/** Says of a port of a container or a service, at `place`, that nothing will listen on it. */
export function warnOfProtocol(protocol: Protocol, place: Cursor): void {
  if (protocol !== "TCP") place.find("protocol").warn(`${protocol} is not supported here: the port is not served`);
}

function containerPort(): Schema<ContainerPort> {
  return objectOf<ContainerPort>({
    fields: {
      name: optional(someText(checkPortName)),
      containerPort: required(portNumber()),
      hostPort: optional(portNumber()),
      hostIP: optional(text(checkIpv4)),
      protocol: withDefault(oneOf("TCP", "UDP", "SCTP"), "TCP"),
    },
  });
}

function resourceRequirements(): Schema<ResourceRequirements> {
  const amounts = mapOf(quantity());
  const read = objectOf<ResourceRequirements>({
    fields: { limits: withDefault(amounts, {}), requests: withDefault(amounts, {}) },
    unsupported: { claims: ignoredSo("there are no devices to claim") },
    rule: ({ limits, requests }, cursor) => {
      for (const [name, request] of Object.entries(requests)) {
        const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
        if (limit === undefined || compareQuantities(parseQuantity(request), parseQuantity(limit)) <= 0) continue;
        cursor
          .find("requests", name)
          .refuse(invalid(request, `must be less than or equal to ${name} limit of ${limit}`));
      }
    },
  });
  return mapped(read, ({ limits, requests }) => ({ limits, requests: { ...limits, ...requests } }));
}

function envVar(): Schema<EnvVar> {
  return objectOf<EnvVar>({
    fields: {
      name: required(someText(checkEnvName)),
      value: optional(text(checkNoNul)),
      valueFrom: optional(envVarSource()),
    },
    rule: ({ value, valueFrom }, cursor) => {
      if (value === undefined || value === "" || valueFrom === undefined) return;
      cursor.find("valueFrom").refuse('Invalid value: "": may not be specified when `value` is not empty');
    },
  });
}

function envVarSource(): Schema<EnvVarSource> {
  return objectOf<EnvVarSource>({
    fields: {
      configMapKeyRef: optional(keySelector()),
      secretKeyRef: optional(keySelector()),
      fieldRef: optional(fieldSelector()),
      resourceFieldRef: optional(resourceFieldSelector()),
    },
    unsupported: { fileKeyRef: ignoredSo("the variable is empty") },
    rule: (_source, cursor) =>
      checkOneOf(cursor, ["configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef", "fileKeyRef"]),
  });
}

function checkOneOf(cursor: Cursor, names: readonly string[]): void {
  const given = names.filter((name) => cursor.field(name) !== undefined);
  const words = names.map((name) => `\`${name}\``).join(", ");
  if (given.length === 0) cursor.refuseNoChoice(`Required value: must specify one of: ${words}`);
  const [, second] = given;
  if (second !== undefined) cursor.find(second).refuse("Forbidden: may not have more than one field specified");
}

function keySelector(): Schema<KeySelector> {
  return objectOf<KeySelector>({
    fields: {
      name: required(someText(checkDnsSubdomain)),
      key: required(someText(checkConfigKey)),
      optional: optional(flag()),
    },
  });
}

function fieldSelector(): Schema<FieldSelector> {
  return objectOf<FieldSelector>({
    fields: { fieldPath: required(fieldPath()), apiVersion: withDefault(text(), "v1") },
  });
}

function fieldPath(): Schema<string> {
  const read = someText();
  return (cursor) => {
    const path = read(cursor);
    if (path === undefined || keyedFieldPath.test(path) || fieldPathsOfEnv.some((known) => known === path)) return path;
    cursor.refuse(
      unsupportedValue(path, [...fieldPathsOfEnv, "metadata.labels['KEY']", "metadata.annotations['KEY']"]),
    );
    return undefined;
  };
}

function resourceFieldSelector(): Schema<ResourceFieldSelector> {
  return objectOf<ResourceFieldSelector>({
    fields: {
      containerName: optional(text()),
      resource: required(oneOf(...resourcesOfEnv)),
      divisor: withDefault(quantity(), "0"),
    },
  });
}

function envFromSource(): Schema<EnvFromSource> {
  return objectOf<EnvFromSource>({
    fields: {
      prefix: withDefault(text(), ""),
      configMapRef: optional(objectReference()),
      secretRef: optional(objectReference()),
    },
    rule: (_source, cursor) => checkOneOf(cursor, ["configMapRef", "secretRef"]),
  });
}

function objectReference(): Schema<ObjectReference> {
  return objectOf<ObjectReference>({
    fields: { name: required(someText(checkDnsSubdomain)), optional: optional(flag()) },
  });
}
