import type { Service } from "../kinds/index.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { type HostsEntry, hostsEntryOf } from "./host-files.ts";
import { selectsPod } from "./pod-ports.ts";
import { isStatusReady } from "./pod-status.ts";

/** Every Service name of the machine with its addresses, for the hosts files of guests. */
export function serviceNames(store: ObjectStore): HostsEntry[] {
  return store.list("Service").map((service) => hostsEntryOf(service, addressesBehind(store, service)));
}

function addressesBehind(store: ObjectStore, service: Service): string[] {
  if (service.spec.clusterIP !== "None") return [];
  return store
    .list("Pod", service.metadata.namespace)
    .filter((pod) => selectsPod(service, pod) && pod.metadata.deletionTimestamp === undefined)
    .filter((pod) => service.spec.publishNotReadyAddresses || isStatusReady(pod.status))
    .flatMap(({ status }) => (status?.podIP === undefined ? [] : [status.podIP]));
}
