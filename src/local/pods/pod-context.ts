import type { Clock, Log } from "#base";
import type { NodeRuntime } from "#node";
import type { KubeEvent, Pod } from "../kinds/index.ts";
import type { EventStore } from "../store/event-store.ts";
import { keyOf } from "../store/object-key.ts";
import type { ObjectStore } from "../store/object-store.ts";
import type { StatePaths } from "../store/state-paths.ts";
import type { ContainerImages } from "./container-images.ts";
import type { AddressAllocator } from "./pod-addresses.ts";
import type { StartGate } from "./start-gate.ts";

/** What all pods of one machine share. */
export interface PodContext {
  readonly runtime: NodeRuntime;
  readonly images: ContainerImages;
  readonly store: ObjectStore;
  readonly events: EventStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly paths: StatePaths;
  readonly nodeName: string;
  readonly addresses: AddressAllocator;
  /** The lowest port that this process may listen on. */
  readonly lowestPort: number;
  readonly startGate: StartGate;
  /** Resolves when no Service sends to this address any more, and what it sent has been answered. */
  readonly drain: (address: string) => Promise<void>;
}

/** Writes an event about a pod in the kubelet's words. Its source is named as it is: there is no kubelet here. */
export function recordPodEvent(
  context: Pick<PodContext, "events">,
  pod: Pod,
  event: Pick<KubeEvent, "type" | "reason" | "message">,
): void {
  context.events.record({ ...event, source: "kwasm", about: keyOf(pod) });
}
