import { annotations, formatMappedPorts, type MappedPorts, parseMappedPorts } from "#api";
import { KwasmError } from "#base";
import type { ListenerSpec, SandboxView } from "#node";
import type { Pod } from "../kinds/index.ts";
import { mapPorts } from "./bindable-ports.ts";
import { type PodContext, recordPodEvent } from "./pod-context.ts";
import { type PodShare, sharesOfPod } from "./pod-shares.ts";

/** A pod's place on the machine. */
export interface PodSandbox {
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
    await closePodSandbox(context, pod);
    if (kept === undefined) context.addresses.release(address);
    throw error;
  }
}

async function openAt(address: string, context: SandboxContext, pod: Pod): Promise<PodSandbox> {
  const shares = sharesOfPod(pod, context.store.list("Service", pod.metadata.namespace));
  const ports = shares.flatMap((share) => share.ports);
  const known = parseMappedPorts(pod.metadata.annotations[annotations.mappedPorts]);
  const wishes = [new Map([...mapPorts(ports, context.lowestPort), ...known]), new Map(ports.map((port) => [port, 0]))];
  const views = await listen(context, pod, { address, shares, wishes });
  const mappedPorts = realPorts(
    ports,
    views.flatMap(({ listeners }) => listeners),
  );
  noteMapping(context, pod, address, mappedPorts);
  return { address, mappedPorts };
}

/** Removes whatever is open of a pod. */
export async function closePodSandbox({ runtime }: Pick<PodContext, "runtime">, pod: Pod): Promise<void> {
  for (const { sandboxId } of sharesOfPod(pod, [])) await runtime.deleteSandbox(sandboxId);
}

/** The isolation group of a pod (design §3). Groups that are no namespace start with `~`, which no namespace does. */
function isolationGroup(pod: Pod): string {
  switch (pod.metadata.annotations[annotations.isolation]) {
    case "node":
      return "~node";
    case "pod":
      return `~pod-${pod.metadata.uid ?? pod.metadata.name}`;
    default:
      return pod.metadata.namespace;
  }
}

interface ListenPlan {
  readonly address: string;
  readonly shares: readonly PodShare[];
  readonly wishes: readonly MappedPorts[];
}

async function listen(context: SandboxContext, pod: Pod, plan: ListenPlan): Promise<readonly SandboxView[]> {
  const group = isolationGroup(pod);
  let failure: unknown;
  for (const wish of plan.wishes.slice(0, LISTEN_ATTEMPTS_MAX)) {
    const views: SandboxView[] = [];
    try {
      for (const { sandboxId: id, ports } of plan.shares) {
        const listeners = ports.map((port) => listenerOf(plan.address, port, wish));
        views.push(await context.runtime.createSandbox({ id, group, listeners }));
      }
      return views;
    } catch (error) {
      failure = error;
      await closePodSandbox(context, pod);
    }
  }
  throw KwasmError.from(failure, `listen on "${plan.address}"`);
}

function listenerOf(address: string, port: number, wish: MappedPorts): ListenerSpec {
  const real = wish.get(port) ?? port;
  return { address, port: real, ...(real === port ? {} : { guestPort: port }) };
}

function realPorts(ports: readonly number[], listeners: SandboxView["listeners"]): MappedPorts {
  const mapped = new Map<number, number>();
  for (const [index, port] of ports.entries()) {
    const real = listeners[index]?.port ?? port;
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
