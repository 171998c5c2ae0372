/** The part of `describe` about containers and volumes, for pods and for templates of pods. */
import { type DescribeLine, line, lineOf } from "./kind.ts";
import { formatMoment } from "./human-duration.ts";
import type { Container, ContainerPort, EnvFromSource, EnvVar, Probe, Volume, VolumeMount } from "./pod-spec.ts";
import type { ContainerState, ContainerStatus } from "./pod-status.ts";

/** Without `statuses` for a template, whose containers have none. */
export function describeContainers(
  level: number,
  containers: readonly Container[],
  statuses: readonly ContainerStatus[] = [],
): readonly DescribeLine[] {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const blocks = containers.map((container) => describeContainer(level + 1, container, byName.get(container.name)));
  return [line(level, "Containers:"), ...blocks.flat()];
}

function describeContainer(
  level: number,
  container: Container,
  status: ContainerStatus | undefined,
): readonly DescribeLine[] {
  const at = level + 1;
  return [
    line(level, `${container.name}:`),
    ...(status === undefined ? [] : [line(at, "Container ID:", status.containerID ?? "")]),
    line(at, "Image:", container.image),
    ...(status === undefined ? [] : [line(at, "Image ID:", status.imageID)]),
    describePorts(at, "Port", container.ports, (port) => port.containerPort),
    describePorts(at, "Host Port", container.ports, (port) => port.hostPort ?? 0),
    ...describeWords(at, "Command:", container.command),
    ...describeWords(at, "Args:", container.args),
    ...(status === undefined ? [] : describeStatus(at, status)),
    ...describeAmounts(at, "Limits:", container.resources.limits),
    ...describeAmounts(at, "Requests:", container.resources.requests),
    ...describeProbes(at, container),
    ...describeEnvFrom(at, container.envFrom),
    ...describeList(
      at,
      "Environment:",
      container.env.map((variable) => describeVariable(at + 1, variable)),
    ),
    ...describeList(
      at,
      "Mounts:",
      container.volumeMounts.toSorted(byMountPath).map((mount) => describeMount(at, mount)),
    ),
  ];
}

function describePorts(
  level: number,
  title: string,
  ports: readonly ContainerPort[],
  numberOf: (port: ContainerPort) => number,
): DescribeLine {
  const shown = ports.map((port) => {
    const suffix = port.name === undefined ? "" : ` (${port.name})`;
    return `${numberOf(port)}/${port.protocol}${suffix}`;
  });
  return line(level, ports.length > 1 ? `${title}s:` : `${title}:`, shown.join(", ") || "<none>");
}

function describeWords(level: number, title: string, words: readonly string[]): readonly DescribeLine[] {
  if (words.length === 0) return [];
  return [line(level, title), ...words.flatMap((word) => word.split("\n")).map((word) => line(level + 1, word))];
}

function describeStatus(level: number, status: ContainerStatus): readonly DescribeLine[] {
  return [
    ...describeState(level, "State:", status.state),
    ...(status.lastState.terminated === undefined ? [] : describeState(level, "Last State:", status.lastState)),
    line(level, "Ready:", status.ready ? "True" : "False"),
    line(level, "Restart Count:", String(status.restartCount)),
  ];
}

function describeState(level: number, title: string, state: ContainerState): readonly DescribeLine[] {
  if (state.running !== undefined) {
    return [line(level, title, "Running"), line(level + 1, "Started:", formatMoment(state.running.startedAt))];
  }
  if (state.terminated !== undefined) return describeEnd(level, title, state.terminated);
  const { reason, message } = state.waiting ?? {};
  return [
    line(level, title, "Waiting"),
    ...lineOf(level + 1, "Reason:", reason),
    ...lineOf(level + 1, "Message:", message),
  ];
}

function describeEnd(
  level: number,
  title: string,
  end: NonNullable<ContainerState["terminated"]>,
): readonly DescribeLine[] {
  return [
    line(level, title, "Terminated"),
    ...lineOf(level + 1, "Reason:", end.reason),
    ...lineOf(level + 1, "Message:", end.message),
    line(level + 1, "Exit Code:", String(end.exitCode)),
    ...(end.signal === undefined ? [] : [line(level + 1, "Signal:", String(end.signal))]),
    line(level + 1, "Started:", formatMoment(end.startedAt ?? "")),
    line(level + 1, "Finished:", formatMoment(end.finishedAt ?? "")),
  ];
}

function describeAmounts(
  level: number,
  title: string,
  amounts: Readonly<Record<string, string>>,
): readonly DescribeLine[] {
  const names = Object.keys(amounts).toSorted();
  if (names.length === 0) return [];
  return [line(level, title), ...names.map((name) => line(level + 1, `${name}:`, amounts[name] ?? ""))];
}

function describeProbes(level: number, container: Container): readonly DescribeLine[] {
  const probes = [
    ["Liveness:", container.livenessProbe],
    ["Readiness:", container.readinessProbe],
    ["Startup:", container.startupProbe],
  ] as const;
  return probes.flatMap(([title, probe]) => (probe === undefined ? [] : [line(level, title, describeProbe(probe))]));
}

function describeProbe(probe: Probe): string {
  const times = `delay=${probe.initialDelaySeconds}s timeout=${probe.timeoutSeconds}s period=${probe.periodSeconds}s`;
  const counts = `#success=${probe.successThreshold} #failure=${probe.failureThreshold}`;
  const { httpGet, tcpSocket } = probe;
  if (httpGet !== undefined) {
    const url = `${httpGet.scheme.toLowerCase()}://${httpGet.host ?? ""}:${httpGet.port}${httpGet.path}`;
    return `http-get ${url} ${times} ${counts}`;
  }
  const action = tcpSocket === undefined ? "unknown" : `tcp-socket ${tcpSocket.host ?? ""}:${tcpSocket.port}`;
  return `${action} ${times} ${counts}`;
}

function describeEnvFrom(level: number, sources: readonly EnvFromSource[]): readonly DescribeLine[] {
  if (sources.length === 0) return [];
  const rows = sources.map(({ prefix, configMapRef, secretRef }) => {
    const kind = configMapRef === undefined ? "Secret" : "ConfigMap";
    const reference = configMapRef ?? secretRef;
    const from = prefix === "" ? kind : `${kind} with prefix '${prefix}'`;
    return line(level + 1, reference?.name ?? "", from, `Optional: ${reference?.optional ?? false}`);
  });
  return [line(level, "Environment Variables from:"), ...rows];
}

function describeVariable(level: number, { name, value = "", valueFrom }: EnvVar): DescribeLine {
  const { secretKeyRef: secret, configMapKeyRef: map, fieldRef, resourceFieldRef } = valueFrom ?? {};
  const title = `${name}:`;
  if (secret !== undefined) {
    const source = `<set to the key '${secret.key}' in secret '${secret.name}'>`;
    return line(level, title, source, `Optional: ${secret.optional ?? false}`);
  }
  if (map !== undefined) {
    const source = `<set to the key '${map.key}' of config map '${map.name}'>`;
    return line(level, title, source, `Optional: ${map.optional ?? false}`);
  }
  if (fieldRef !== undefined) return line(level, title, ` (${fieldRef.apiVersion}:${fieldRef.fieldPath})`);
  return line(level, title, resourceFieldRef === undefined ? value : ` (${resourceFieldRef.resource})`);
}

function describeList(level: number, title: string, lines: readonly DescribeLine[]): readonly DescribeLine[] {
  return lines.length === 0 ? [line(level, title, "<none>")] : [line(level, title), ...lines];
}

function byMountPath(left: VolumeMount, right: VolumeMount): number {
  return left.mountPath < right.mountPath ? -1 : 1;
}

function describeMount(level: number, { mountPath, name, readOnly, subPath }: VolumeMount): DescribeLine {
  const flags = [readOnly ? "ro" : "rw", ...(subPath === undefined ? [] : [`path=${JSON.stringify(subPath)}`])];
  return line(level + 1, `${mountPath} from ${name} (${flags.join(",")})`);
}

export function describeVolumes(level: number, volumes: readonly Volume[]): readonly DescribeLine[] {
  if (volumes.length === 0) return [line(level, "Volumes:", "<none>")];
  return [line(level, "Volumes:"), ...volumes.flatMap((volume) => describeVolume(level + 1, volume))];
}

function describeVolume(level: number, { name, configMap, secret, emptyDir }: Volume): readonly DescribeLine[] {
  const at = level + 1;
  if (configMap !== undefined) {
    return [
      line(level, `${name}:`),
      line(at, "Type:", "ConfigMap (a volume populated by a ConfigMap)"),
      line(at, "Name:", configMap.name),
      line(at, "Optional:", String(configMap.optional ?? false)),
    ];
  }
  if (secret !== undefined) {
    return [
      line(level, `${name}:`),
      line(at, "Type:", "Secret (a volume populated by a Secret)"),
      line(at, "SecretName:", secret.secretName),
      line(at, "Optional:", String(secret.optional ?? false)),
    ];
  }
  if (emptyDir === undefined) return [line(level, `${name}:`), line(at, "Type:", "<unknown>")];
  return [
    line(level, `${name}:`),
    line(at, "Type:", "EmptyDir (a temporary directory that shares a pod's lifetime)"),
    line(at, "Medium:", emptyDir.medium ?? ""),
    line(at, "SizeLimit:", emptyDir.sizeLimit ?? "<unset>"),
  ];
}
