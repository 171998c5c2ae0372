import type { Pod, Service } from "../kinds/index.ts";
import { declaredPorts, portsOfPod } from "./pod-ports.ts";

/** The listeners of a pod that one of its containers, or all of them, are handed: a sandbox of the runtime. */
export interface PodShare {
  readonly sandboxId: string;
  readonly ports: readonly number[];
}

/**
 * A guest takes the listeners that it is handed by their order and cannot choose among them. So where several
 * containers declare ports each gets a sandbox with its own ones; otherwise one sandbox with all of them serves the pod.
 */
export function sharesOfPod(pod: Pod, services: readonly Service[]): readonly PodShare[] {
  if (!isShared(pod)) return [{ sandboxId: uidOf(pod), ports: portsOfPod(pod, services) }];
  const taken = new Set<number>();
  return pod.spec.containers.map((container) => {
    const ports = declaredPorts(container).filter((port) => !taken.has(port));
    for (const port of ports) taken.add(port);
    return { sandboxId: sandboxIdOf(pod, container.name), ports };
  });
}

export function sandboxIdOf(pod: Pod, containerName: string): string {
  return isShared(pod) ? `${uidOf(pod)}-${containerName}` : uidOf(pod);
}

function isShared({ spec }: Pod): boolean {
  return spec.containers.filter((container) => declaredPorts(container).length > 0).length > 1;
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? metadata.name;
}
