import { availableParallelism } from "node:os";
import { KwasmError } from "#base";
import { parseQuantity, type Quantity } from "#api";
import type { Container, Pod, ResourceFieldSelector } from "../kinds/index.ts";
import { CONTAINER_MEMORY_BYTES_DEFAULT } from "./memory-limit.ts";
import { HOST_IP } from "./pod-status.ts";

/** The machine's side of what a pod may read about itself. */
export interface FieldSources {
  readonly pod: Pod;
  readonly podIP: string;
  readonly nodeName: string;
}

const mapField = /^metadata\.(labels|annotations)\['(.*)'\]$/u;

/** The value of a `fieldRef`. Throws `invalid-argument` for a path that does not exist. */
export function readField(fieldPath: string, sources: FieldSources): string {
  const { metadata } = sources.pod;
  const inMap = mapField.exec(fieldPath);
  if (inMap?.[2] !== undefined) return metadata[inMap[1] === "labels" ? "labels" : "annotations"][inMap[2]] ?? "";
  switch (fieldPath) {
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return metadata.namespace;
    case "metadata.uid":
      return metadata.uid ?? "";
    case "spec.nodeName":
      return sources.nodeName;
    case "spec.serviceAccountName":
      return "default";
    case "status.podIP":
    case "status.podIPs":
      return sources.podIP;
    case "status.hostIP":
    case "status.hostIPs":
      return HOST_IP;
    default:
      throw new KwasmError(
        "invalid-argument",
        `read field "${fieldPath}" of a pod: it does not exist; see fieldRef of Kubernetes`,
      );
  }
}

/**
 * The value of a `resourceFieldRef`, rounded up, as the kubelet does. A limit that is not set is what the container is
 * held to anyway, and a request that is not set is the limit that is.
 */
export function readResource(selector: ResourceFieldSelector, container: Container, pod: Pod): string {
  const named = pod.spec.containers.find(({ name }) => name === selector.containerName);
  const source = named ?? container;
  const [list, resource = ""] = selector.resource.split(".", 2);
  const { limits, requests } = source.resources;
  const set = list === "requests" ? (requests[resource] ?? limits[resource]) : limits[resource];
  const amount = set === undefined ? amountUnset(list, resource) : parseQuantity(set);
  const divisor = parseQuantity(selector.divisor === "0" || selector.divisor === "" ? "1" : selector.divisor);
  return String((amount.nanos + divisor.nanos - 1n) / divisor.nanos);
}

function amountUnset(list: string | undefined, resource: string): Quantity {
  if (list === "requests") return parseQuantity("0");
  if (resource === "cpu") return parseQuantity(String(availableParallelism()));
  return parseQuantity(resource === "memory" ? String(CONTAINER_MEMORY_BYTES_DEFAULT) : "0");
}
