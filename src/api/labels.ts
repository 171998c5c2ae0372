/** Annotations and labels of this project and of Kubernetes that more than one part reads or writes. */

export const annotations = {
  /** On a node: exactly `"true"` asks for the runtime there. */
  kwasmNode: "kwasm.sh/kwasm-node",
  /** On a node: what the operator knows of the installation there, as JSON. */
  installation: "kwasm.sh/installation",
  /** On an installer's Job and a probe: the node's uid, so that one of an earlier node of that name is recognised. */
  nodeUid: "kwasm.sh/node-uid",
  /** On an installer's Job: how many failed before it. */
  failedAttempts: "kwasm.sh/failed-attempts",
  /** On a probe: which start of the node's kernel it is for. */
  bootId: "kwasm.sh/boot-id",
  /** On the Job of a shim: what was asked of the installer, so that one of an earlier request is recognised. */
  shimRequest: "kwasm.sh/shim-request",
  /** On a pod: `namespace`, `node` or `pod`, the group whose guests share a cell. */
  isolation: "kwasm.sh/isolation",
  /** On a pod: the hosts that its guests may connect to. */
  allowedOutboundHosts: "kwasm.sh/allowed-outbound-hosts",
  /** On a service of `kwasm up`: where each declared port really listens, as `80:8080,443:8443`. */
  mappedPorts: "kwasm.sh/mapped-ports",
  /** On a deployment: which revision of its template runs. */
  deploymentRevision: "deployment.kubernetes.io/revision",
  /** On a pod: the container that `logs` shows when none is named. */
  defaultContainer: "kubectl.kubernetes.io/default-container",
} as const;

export const labels = {
  /** On a node: there once Wasm pods can start on it; the value is the node's name. */
  kwasmProvisioned: "kwasm.sh/kwasm-provisioned",
  /** On a node: `"true"` as long as the one above is there; the same on every node, for selectors. */
  kwasmReady: "kwasm.sh/ready",
  /** On what the operator makes. */
  managedBy: "app.kubernetes.io/managed-by",
  /** On the installer's Job. */
  job: "kwasm.sh/job",
  /** On the Job of a shim: its name. */
  shim: "kwasm.sh/shim",
  /** Tells the pods of one revision of a template from those of another. */
  podTemplateHash: "pod-template-hash",
} as const;

/**
 * Of a shim of somebody else on a node, with the shim's name behind it: the label says `ready` while containerd serves
 * it, the annotation what the operator has installed of it.
 */
export const SHIM_PREFIX = "shim.kwasm.sh/";

/** The declared ports of a service with the ports that they are really served on. */
export type MappedPorts = ReadonlyMap<number, number>;

export function formatMappedPorts(ports: MappedPorts): string {
  return [...ports].map(([declared, real]) => `${declared}:${real}`).join(",");
}

/** Reads the annotation `mappedPorts`; a part that is not a pair of ports is left out, since a user may have edited it. */
export function parseMappedPorts(text: string | undefined): MappedPorts {
  const ports = new Map<number, number>();
  for (const [, declared, real] of (text ?? "").matchAll(/(\d{1,5}):(\d{1,5})/g)) {
    ports.set(Number(declared), Number(real));
  }
  return ports;
}
