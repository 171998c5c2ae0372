import { type Container, matchesLabels, type Pod, type Service } from "../kinds/index.ts";

/**
 * The ports that a pod listens on: what its containers declare. A pod that declares none is given those numbers that
 * its probes and the Services that select it go to, since it must mean one of them, and those of its variables PORT.
 */
export function portsOfPod(pod: Pod, services: readonly Service[]): number[] {
  const numbers = pod.spec.containers.flatMap(declaredPorts);
  return [
    ...new Set(numbers.length > 0 ? numbers : [...probedPorts(pod), ...servedPorts(pod, services), ...namedPorts(pod)]),
  ];
}

/** The ports of a container that can be served here. */
export function declaredPorts({ ports }: Container): number[] {
  return ports.filter(({ protocol }) => protocol === "TCP").map(({ containerPort }) => containerPort);
}

/** The number behind a port by name or number; undefined for a name that no container has. */
export function portNumberOf(pod: Pod, port: number | string): number | undefined {
  if (typeof port === "number") return port;
  for (const container of pod.spec.containers) {
    const named = container.ports.find(({ name }) => name === port);
    if (named !== undefined) return named.containerPort;
  }
  return undefined;
}

/** Whether a Service's selector picks a pod; a Service without a selector picks none. */
export function selectsPod(service: Service, pod: Pod): boolean {
  const { selector } = service.spec;
  if (Object.keys(selector).length === 0 || service.metadata.namespace !== pod.metadata.namespace) return false;
  return matchesLabels(selector, pod.metadata.labels);
}

/** What platforms for containers tell a program, and so what a program is told that came from there. */
function namedPorts({ spec }: Pod): number[] {
  return spec.containers.flatMap(({ env }) => {
    const value = env.find(({ name }) => name === "PORT")?.value ?? "";
    const port = Number(value);
    return /^\d{1,5}$/u.test(value) && port >= 1 && port <= 65_535 ? [port] : [];
  });
}

function probedPorts(pod: Pod): number[] {
  return pod.spec.containers.flatMap(({ livenessProbe, readinessProbe, startupProbe }) =>
    [livenessProbe, readinessProbe, startupProbe].flatMap((probe) => {
      const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port;
      return typeof port === "number" ? [port] : [];
    }),
  );
}

function servedPorts(pod: Pod, services: readonly Service[]): number[] {
  return services
    .filter((service) => selectsPod(service, pod))
    .flatMap(({ spec }) =>
      spec.ports.flatMap(({ targetPort }) => (typeof targetPort === "number" ? [targetPort] : [])),
    );
}
