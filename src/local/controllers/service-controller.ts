import { annotations, parseMappedPorts } from "#api";
import { KwasmError } from "#base";
import type { Service, ServicePort } from "../kinds/index.ts";
import type { AddressAllocator } from "../pods/pod-addresses.ts";
import { withMappedPorts } from "../pods/pod-sandbox.ts";
import { HOST_IP } from "../pods/pod-status.ts";
import type { FrontReport } from "../services/balancer-messages.ts";
import type { BalancerSupervisor } from "../services/balancer-supervisor.ts";
import { keyOf } from "../store/object-key.ts";
import type { ControllerContext } from "./deployment-controller.ts";
import { frontPrefix, frontsOf, parseFrontId } from "./service-plan.ts";

/** Kubernetes' range for node ports. */
const NODE_PORT_FIRST = 30_000;
const NODE_PORT_LAST = 32_767;

export interface ServiceControllerOptions extends ControllerContext {
  readonly addresses: AddressAllocator;
  readonly lowestPort: number;
  readonly balancer: Pick<BalancerSupervisor, "set" | "remove" | "ids" | "settle" | "drain">;
}

/** Gives each Service its address and keeps the balancer's table as the ready pods are. */
export class ServiceController {
  readonly #options: ServiceControllerOptions;
  /** What the balancer was last told, as JSON: only a difference is sent. */
  readonly #sent = new Map<string, string>();

  constructor(options: ServiceControllerOptions) {
    this.#options = options;
  }

  reconcile(namespace: string, name: string): void {
    const { store, lowestPort } = this.#options;
    const stored = store.get("Service", name, namespace);
    const service = stored === undefined ? undefined : this.#withAddress(stored);
    const fronts = service === undefined ? [] : frontsOf(service, store.list("Pod", namespace), lowestPort);
    for (const front of fronts) {
      const text = JSON.stringify(front);
      if (this.#sent.get(front.id) === text) continue;
      this.#sent.set(front.id, text);
      this.#options.balancer.set(front);
    }
    this.#removeOthers(frontPrefix(namespace, name), new Set(fronts.map(({ id }) => id)));
  }

  /** The balancer says where a front really listens: what differs from the declared port is written on the Service. */
  report(report: FrontReport): void {
    const { store } = this.#options;
    const place = parseFrontId(report.id);
    const service = store.get("Service", place.service, place.namespace);
    if (service === undefined) return;
    if (report.kind === "bind-failed") return this.#warn(service, "FailedToListen", report.message);
    if (place.way === "node") return;
    const before = parseMappedPorts(service.metadata.annotations[annotations.mappedPorts]);
    const mapped = new Map(before);
    if (report.port === place.port) mapped.delete(place.port);
    else mapped.set(place.port, report.port);
    store.update(service, (current) => withMappedPorts(current, mapped));
    if (report.port === place.port || before.get(place.port) === report.port) return;
    const address = service.spec.clusterIP ?? "";
    this.#warn(
      service,
      "PortMapped",
      `Port ${place.port} is served at ${address}:${report.port}, since ${place.port} cannot be bound by this user on this machine`,
    );
  }

  /** A deleted Service's address may be given to another one. */
  release(service: Service): void {
    const { clusterIP } = service.spec;
    if (clusterIP !== undefined) this.#options.addresses.release(clusterIP);
  }

  #removeOthers(prefix: string, kept: ReadonlySet<string>): void {
    for (const id of this.#options.balancer.ids()) {
      if (!id.startsWith(prefix) || kept.has(id)) continue;
      this.#sent.delete(id);
      this.#options.balancer.remove(id);
    }
  }

  #withAddress(service: Service): Service {
    const { store, addresses } = this.#options;
    const wished = service.spec.clusterIP;
    const clusterIP = wished !== undefined && isServable(wished) ? wished : addresses.allocate();
    if (wished !== undefined && wished !== clusterIP) {
      this.#warn(
        service,
        "AddressReplaced",
        `Address ${wished} is not one of this machine's loopback; ${clusterIP} is used instead`,
      );
    }
    const ports = service.spec.type === "ClusterIP" ? service.spec.ports : this.#withNodePorts(service);
    const isBalanced = service.spec.type === "LoadBalancer";
    const status = { loadBalancer: { ingress: isBalanced ? [{ ip: HOST_IP }] : [] } };
    return (
      store.update(service, (current) => ({ ...current, spec: { ...current.spec, clusterIP, ports }, status })) ??
      service
    );
  }

  #withNodePorts(service: Service): ServicePort[] {
    const used = new Set<number>();
    for (const { spec } of this.#options.store.list("Service")) {
      for (const { nodePort } of spec.ports) if (nodePort !== undefined) used.add(nodePort);
    }
    return service.spec.ports.map((port) => {
      if (port.nodePort !== undefined) return port;
      const nodePort = firstFreeNodePort(used);
      used.add(nodePort);
      return { ...port, nodePort };
    });
  }

  #warn(service: Service, reason: string, message: string): void {
    this.#options.events.record({
      type: "Warning",
      reason,
      message,
      source: "service-controller",
      about: keyOf(service),
    });
  }
}

/** Only 127.0.0.0/8 is answered on every machine without set-up. */
function isServable(clusterIP: string): boolean {
  return clusterIP === "None" || clusterIP.startsWith("127.");
}

function firstFreeNodePort(used: ReadonlySet<number>): number {
  for (let port = NODE_PORT_FIRST; port <= NODE_PORT_LAST; port += 1) if (!used.has(port)) return port;
  throw new KwasmError(
    "limit-exceeded",
    `allocate a node port: "${NODE_PORT_FIRST}" to "${NODE_PORT_LAST}" are all in use; delete some services`,
  );
}
