import type { Preset, RestartRoute, SupportedNode } from "./preset.ts";

/**
 * K3s and RKE2 look for shims of other runtimes and register what they find, earlier ones in `/opt/kwasm/bin`, without
 * the annotations that we need. A second table of the same name ends containerd, so ours are where they do not look.
 */
function rancherNode(
  product: "k3s" | "rke2",
  restarts: readonly RestartRoute[],
  notes: readonly string[],
): SupportedNode {
  const data = `/var/lib/rancher/${product}`;
  return {
    kind: "supported",
    directory: `/opt/kwasm/${product}`,
    place: { kind: "rancher", directory: `${data}/agent/etc/containerd` },
    programs: [`${data}/data/current/bin/containerd`, `${data}/bin/containerd`, "/bin/containerd"],
    sockets: ["/run/k3s/containerd/containerd.sock"],
    restarts,
    notes,
  };
}

const k3sSigns = [{ kind: "there", path: "/var/lib/rancher/k3s/agent/etc/containerd" }] as const;

/** K3s in a container, with musl and busybox and without systemd. */
export const k3dPreset: Preset = {
  name: "k3d",
  title: "k3d",
  signs: [
    ...k3sSigns,
    { kind: "there", path: "/bin/k3s" },
    { kind: "absent", path: "/run/systemd/system" },
    { kind: "absent", path: "/etc/init.d/k3s" },
  ],
  node: rancherNode(
    "k3s",
    [{ kind: "end-node" }],
    ["the node's container is started again, and the installer's with it; the next run finishes"],
  ),
};

export const k3sPreset: Preset = {
  name: "k3s",
  title: "K3s",
  signs: k3sSigns,
  node: rancherNode(
    "k3s",
    [
      { kind: "systemd", units: ["k3s-agent.service", "k3s.service", "k3s-*.service"] },
      { kind: "script", path: "/etc/init.d/k3s" },
      { kind: "script", path: "/etc/init.d/k3s-agent" },
    ],
    ["K3s is restarted whole, on a server its API too; pods go on running"],
  ),
};

export const rke2Preset: Preset = {
  name: "rke2",
  title: "RKE2",
  signs: [{ kind: "there", path: "/var/lib/rancher/rke2/agent/etc/containerd" }],
  node: rancherNode(
    "rke2",
    [{ kind: "systemd", units: ["rke2-agent.service", "rke2-server.service"] }],
    ["RKE2 is restarted whole; pods go on running"],
  ),
};
