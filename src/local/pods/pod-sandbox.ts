import { annotations, formatMappedPorts, type MappedPorts, parseMappedPorts } from "#api";
import { KwasmError } from "#base";
import type { SandboxView } from "#node";
import type { Pod } from "../kinds/index.ts";
import { mapPorts } from "./bindable-ports.ts";
import { type PodContext, recordPodEvent } from "./pod-context.ts";
import { portsOfPod } from "./pod-ports.ts";

/** A pod's place on the machine. */
export interface PodSandbox {
  readonly id: string;
  readonly address: string;
  /** Declared ports that are served elsewhere. */
  readonly mappedPorts: MappedPorts;
}

export type SandboxContext = Pick<PodContext, "addresses" | "events" | "lowestPort" | "runtime" | "store">;

/** How often another way to listen is tried before the pod has to wait. */
const LISTEN_ATTEMPTS_MAX = 3;

/**
 * Opens the sandbox of a pod: its address, which it keeps over restarts of control, and one listener per port. A port
 * that may not be bound, or that another program of the machine holds, is mapped; the mapping is written on the pod.
 */
export async function openPodSandbox(context: SandboxContext, pod: Pod): Promise<PodSandbox> {
  const kept = pod.status?.podIP;
  const address = kept ?? context.addresses.allocate();
  try {
    return await openAt(address, context, pod);
  } catch (error) {
    await context.runtime.deleteSandbox(idOf(pod));
    if (kept === undefined) context.addresses.release(address);
    throw error;
  }
}

async function openAt(address: string, context: SandboxContext, pod: Pod): Promise<PodSandbox> {
  const ports = portsOfPod(pod, context.store.list("Service", pod.metadata.namespace));
  const known = parseMappedPorts(pod.metadata.annotations[annotations.mappedPorts]);
  const wishes = [new Map([...mapPorts(ports, context.lowestPort), ...known]), new Map(ports.map((port) => [port, 0]))];
  const view = await listen(context, pod, { address, ports, wishes });
  const mappedPorts = realPorts(ports, view);
  noteMapping(context, pod, address, mappedPorts);
  return { id: view.id, address, mappedPorts };
}

function idOf({ metadata }: Pod): string {
  return metadata.uid ?? metadata.name;
}

/** The isolation group of a pod (design §3). Groups that are no namespace start with `~`, which no namespace does. */
function isolationGroup(pod: Pod): string {
  switch (pod.metadata.annotations[annotations.isolation]) {
    case "node":
      return "~node";
    case "pod":
      return `~pod-${idOf(pod)}`;
    default:
      return pod.metadata.namespace;
  }
}

interface ListenPlan {
  readonly address: string;
  readonly ports: readonly number[];
  readonly wishes: readonly MappedPorts[];
}

async function listen(context: SandboxContext, pod: Pod, plan: ListenPlan): Promise<SandboxView> {
  const id = idOf(pod);
  let failure: unknown;
  for (const wish of plan.wishes.slice(0, LISTEN_ATTEMPTS_MAX)) {
    const listeners = plan.ports.map((port) => ({ address: plan.address, port: wish.get(port) ?? port }));
    try {
      return await context.runtime.createSandbox({ id, group: isolationGroup(pod), listeners });
    } catch (error) {
      failure = error;
      await context.runtime.deleteSandbox(id);
    }
  }
  throw KwasmError.from(failure, `listen on "${plan.address}"`);
}

function realPorts(ports: readonly number[], view: SandboxView): MappedPorts {
  const mapped = new Map<number, number>();
  for (const [index, port] of ports.entries()) {
    const real = view.listeners[index]?.port ?? port;
    if (real !== port) mapped.set(port, real);
  }
  return mapped;
}

function noteMapping(context: SandboxContext, pod: Pod, address: string, mapped: MappedPorts): void {
  context.store.update(pod, (current) => withMappedPorts(current, mapped));
  for (const [declared, real] of mapped) {
    const message = `Port ${declared} is served at ${address}:${real}, since ${declared} cannot be bound by this user on this machine`;
    recordPodEvent(context, pod, { type: "Warning", reason: "PortMapped", message });
  }
}

/** The object with its annotation of mapped ports, or without one where all ports are as declared. */
export function withMappedPorts<Object extends Pick<Pod, "metadata">>(object: Object, mapped: MappedPorts): Object {
  const { [annotations.mappedPorts]: _old, ...others } = object.metadata.annotations;
  const own = mapped.size === 0 ? {} : { [annotations.mappedPorts]: formatMappedPorts(mapped) };
  return { ...object, metadata: { ...object.metadata, annotations: { ...others, ...own } } };
}
