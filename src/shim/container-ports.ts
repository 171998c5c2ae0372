import { KwasmError } from "#base";
import type { ListenerSpec } from "#node";

/**
 * Where kubelet tells the ports of a container, as the JSON of its manifest's `ports` (containerPortsLabel in
 * pkg/kubelet/kuberuntime/labels.go). containerd hands it on when the runtime's `container_annotations` name it.
 */
const PORTS_ANNOTATION = "io.kubernetes.container.ports";

/** Ports of one container: each is a socket that is handed over, and the kernel passes 253 descriptors at once. */
export const PORTS_MAX = 128;

/** What a container declares. */
export interface ContainerPorts {
  /** Sockets, each on all addresses of its pod, in the order of the manifest. */
  readonly listeners: readonly ListenerSpec[];
  /** Ports such as `132/SCTP` of protocols that guests have no sockets for. Declaring one fails no container. */
  readonly unserved: readonly string[];
}

interface DeclaredPort {
  readonly number: number;
  readonly protocol: string;
}

export function portsOf(annotations: Readonly<Record<string, string>>): ContainerPorts {
  const text = annotations[PORTS_ANNOTATION];
  if (text === undefined || text === "") return { listeners: [], unserved: [] };
  const ports = withoutRepetition(parsePorts(text));
  const served = ports.filter(isServed);
  if (served.length > PORTS_MAX) throw tooMany(served.length);
  return {
    listeners: served.map(listenerOf),
    unserved: ports.filter((port) => !isServed(port)).map(nameOf),
  };
}

/**
 * The socket of a container that declares none and answers HTTP requests: at the port that its variable PORT names, as
 * platforms for containers have it, else at 80.
 */
export function httpListenerOf(env: readonly (readonly [name: string, value: string])[]): ListenerSpec {
  const named = env.findLast(([name]) => name === "PORT")?.[1] ?? "";
  const port = Number(named);
  return { address: "*", port: /^\d{1,5}$/u.test(named) && port >= 1 && port <= 65_535 ? port : 80 };
}

function listenerOf({ number, protocol }: DeclaredPort): ListenerSpec {
  return { address: "*", port: number, ...(protocol === "UDP" ? { protocol: "udp" } : {}) };
}

function isServed({ protocol }: DeclaredPort): boolean {
  return protocol === "TCP" || protocol === "UDP";
}

function nameOf({ number, protocol }: DeclaredPort): string {
  return `${String(number)}/${protocol}`;
}

/** The same port may be declared twice, for several ports of the node lead to it. */
function withoutRepetition(ports: readonly DeclaredPort[]): readonly DeclaredPort[] {
  return [...new Map(ports.map((port) => [nameOf(port), port])).values()];
}

function parsePorts(text: string): DeclaredPort[] {
  const declared: unknown = parseJson(text);
  if (!Array.isArray(declared)) throw malformed(text);
  return declared.map((port: unknown) => {
    if (typeof port !== "object" || port === null || !("containerPort" in port)) throw malformed(text);
    const number = port.containerPort;
    // Without a protocol, Kubernetes means TCP.
    const protocol = "protocol" in port ? port.protocol : "TCP";
    if (typeof number !== "number" || !Number.isInteger(number) || number < 1 || number > 65_535) throw malformed(text);
    if (typeof protocol !== "string") throw malformed(text);
    return { number, protocol };
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(text);
  }
}

function malformed(text: string): KwasmError {
  return new KwasmError(
    "invalid-argument",
    `read annotation "${PORTS_ANNOTATION}": "${text.slice(0, 200)}" is no list of container ports; write [{"containerPort":8080}]`,
  );
}

function tooMany(count: number): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `open the ports of a container: it declares ${String(count)}, ${String(PORTS_MAX)} are allowed; declare fewer`,
  );
}
