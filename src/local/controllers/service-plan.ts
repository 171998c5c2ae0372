import { annotations, parseMappedPorts } from "#api";
import type { Pod, Service, ServicePort } from "../kinds/index.ts";
import { mapPorts } from "../pods/bindable-ports.ts";
import { portNumberOf, selectsPod } from "../pods/pod-ports.ts";
import { HOST_IP, isStatusReady } from "../pods/pod-status.ts";
import type { Front, Target } from "../services/balancer-messages.ts";

/** The fronts of a Service: one per port on its own address, and one more on 127.0.0.1 for each node port. */
export function frontsOf(service: Service, pods: readonly Pod[], lowestPort: number): Front[] {
  const address = service.spec.clusterIP;
  if (address === undefined || address === "None") return [];
  const behind = pods.filter((pod) => selectsPod(service, pod) && takesConnections(service, pod));
  const mapped = mapPorts(
    service.spec.ports.map(({ port }) => port),
    lowestPort,
  );
  const affinityTimeoutMs = (service.spec.sessionAffinityConfig?.clientIP.timeoutSeconds ?? 0) * 1_000;
  return service.spec.ports
    .filter(({ protocol }) => protocol === "TCP")
    .flatMap((port) => {
      const targets = behind.flatMap((pod) => targetOf(pod, port));
      const own = {
        id: frontId(service, port, "cluster"),
        address,
        ports: [mapped.get(port.port) ?? port.port, 0],
        targets,
        affinityTimeoutMs,
      };
      if (port.nodePort === undefined) return [own];
      return [own, { ...own, id: frontId(service, port, "node"), address: HOST_IP, ports: [port.nodePort] }];
    });
}

/** Where a front belongs, from its id. */
export interface FrontPlace {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  readonly way: "cluster" | "node";
}

export function parseFrontId(id: string): FrontPlace {
  const [namespace = "", service = "", port = "", way] = id.split("/");
  return { namespace, service, port: Number(port), way: way === "node" ? "node" : "cluster" };
}

export function frontPrefix(namespace: string, serviceName: string): string {
  return `${namespace}/${serviceName}/`;
}

function frontId(service: Service, port: ServicePort, way: FrontPlace["way"]): string {
  return `${frontPrefix(service.metadata.namespace, service.metadata.name)}${port.port}/${way}`;
}

function takesConnections(service: Service, pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  return service.spec.publishNotReadyAddresses || isStatusReady(pod.status);
}

/** None while the pod has no address, or has no port of that name. */
function targetOf(pod: Pod, port: ServicePort): Target[] {
  const address = pod.status?.podIP;
  const declared = portNumberOf(pod, port.targetPort);
  if (address === undefined || declared === undefined) return [];
  const mapped = parseMappedPorts(pod.metadata.annotations[annotations.mappedPorts]);
  return [{ address, port: mapped.get(declared) ?? declared }];
}
