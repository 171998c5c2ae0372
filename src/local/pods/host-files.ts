import type { Service } from "../kinds/index.ts";

/** A name that guests can look up, with the addresses it stands for. */
export interface HostsEntry {
  readonly addresses: readonly string[];
  readonly service: string;
  readonly namespace: string;
}

/** The cluster domain that every tutorial assumes. */
const CLUSTER_DOMAIN = "cluster.local";

/** Lines of one hosts file: a headless Service has one per pod and name resolution reads them all each time. */
const HOSTS_LINES_MAX = 10_000;

/**
 * `/etc/hosts` of a pod: what the kubelet writes, then the Services, which a cluster would answer by DNS. A Service of
 * the pod's own namespace has its bare name too.
 */
export function formatHosts(
  podIP: string,
  hostname: string,
  namespace: string,
  entries: readonly HostsEntry[],
): string {
  const lines = [
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    `${podIP}\t${hostname}`,
  ];
  for (const entry of entries) {
    const names = namesOf(entry, namespace).join(" ");
    lines.push(...entry.addresses.map((address) => `${address}\t${names}`));
  }
  return `${lines.slice(0, HOSTS_LINES_MAX).join("\n")}\n`;
}

/** `/etc/resolv.conf` of a pod. There is no name server here: everything that resolves is in the hosts file. */
export function formatResolvConf(namespace: string): string {
  return `search ${namespace}.svc.${CLUSTER_DOMAIN} svc.${CLUSTER_DOMAIN} ${CLUSTER_DOMAIN}\noptions ndots:5\n`;
}

/** What a Service's name resolves to: its own address, or for a headless one the ready pods'. */
export function hostsEntryOf(service: Service, podAddresses: readonly string[]): HostsEntry {
  const { name, namespace } = service.metadata;
  const own = service.spec.clusterIP;
  const addresses = own === undefined ? [] : own === "None" ? podAddresses : [own];
  return { addresses, service: name, namespace };
}

function namesOf(entry: HostsEntry, namespace: string): string[] {
  const qualified = `${entry.service}.${entry.namespace}`;
  const names = [qualified, `${qualified}.svc`, `${qualified}.svc.${CLUSTER_DOMAIN}`];
  return entry.namespace === namespace ? [entry.service, ...names] : names;
}
