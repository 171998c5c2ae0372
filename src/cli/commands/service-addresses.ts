import { annotations, parseMappedPorts } from "#api";
import type { LocalClient, NamespacedMeta, Service } from "#local";

/** Where a Service answers, a line for each of its ports; waits until it has its address. */
export async function describeAddresses(
  client: LocalClient,
  { namespace, name }: Pick<NamespacedMeta, "namespace" | "name">,
  signal: AbortSignal,
): Promise<readonly string[]> {
  for await (const line of client.watch({ kind: "Service", namespace, name }, signal)) {
    if (line.type === "SYNCED" || line.object.kind !== "Service") continue;
    if (line.object.spec.clusterIP !== undefined) return linesOf(line.object);
  }
  return [];
}

function linesOf({ metadata, spec }: Service): readonly string[] {
  const real = parseMappedPorts(metadata.annotations[annotations.mappedPorts]);
  if (spec.clusterIP === undefined || spec.clusterIP === "None") return [];
  return spec.ports.map(({ port }) => {
    const mapped = real.get(port);
    const remark = mapped === undefined ? "" : ` (port ${port}, which this user may not bind here)`;
    return `service/${metadata.name} answers at ${spec.clusterIP}:${mapped ?? port}${remark}`;
  });
}
