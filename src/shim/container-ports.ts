import { KwasmError } from "#base";
import type { ListenerSpec } from "#node";

/**
 * Where kubelet tells the ports of a container, as the JSON of its manifest's `ports` (containerPortsLabel in
 * pkg/kubelet/kuberuntime/labels.go). containerd hands it on when the runtime's `container_annotations` name it.
 */
const PORTS_ANNOTATION = "io.kubernetes.container.ports";

/** Ports of one container: each is a socket that is handed over, and the kernel passes 253 descriptors at once. */
export const PORTS_MAX = 128;

/** The TCP sockets that a container declares; each is opened on all of its pod's IPv4 addresses. */
export function listenersOf(annotations: Readonly<Record<string, string>>): readonly ListenerSpec[] {
  const text = annotations[PORTS_ANNOTATION];
  if (text === undefined || text === "") return [];
  const ports = [...new Set(parsePorts(text))];
  if (ports.length <= PORTS_MAX) return ports.map((port) => ({ address: "0.0.0.0", port }));
  throw new KwasmError(
    "limit-exceeded",
    `open the ports of a container: it declares ${String(ports.length)}, ${String(PORTS_MAX)} are allowed; declare fewer`,
  );
}

function parsePorts(text: string): number[] {
  const declared: unknown = parseJson(text);
  if (!Array.isArray(declared)) throw malformed(text);
  return declared.filter(isTcp).map((port: unknown) => {
    const number =
      typeof port === "object" && port !== null && "containerPort" in port ? port.containerPort : undefined;
    if (typeof number !== "number" || !Number.isInteger(number) || number < 1 || number > 65_535) throw malformed(text);
    return number;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(text);
  }
}

/** Without a protocol, Kubernetes means TCP. */
function isTcp(port: unknown): boolean {
  return typeof port !== "object" || port === null || !("protocol" in port) || port.protocol === "TCP";
}

function malformed(text: string): KwasmError {
  return new KwasmError(
    "invalid-argument",
    `read annotation "${PORTS_ANNOTATION}": "${text.slice(0, 200)}" is no list of container ports; write [{"containerPort":8080}]`,
  );
}
