import type { NodeKind, Preset, SupportedNode } from "./preset.ts";

/** A containerd of a package or an archive, configured by the file that it reads by default. */
export const plainNode: SupportedNode = {
  kind: "supported",
  directory: "/opt/kwasm",
  place: { kind: "file", path: "/etc/containerd/config.toml", dropIns: "/etc/containerd/conf.d" },
  programs: ["/usr/bin/containerd", "/usr/local/bin/containerd", "/usr/sbin/containerd", "/opt/bin/containerd"],
  sockets: ["/run/containerd/containerd.sock"],
  restarts: [
    { kind: "systemd", units: ["containerd.service"] },
    { kind: "script", path: "/etc/init.d/containerd" },
  ],
  notes: [],
};

export function plainNodeWith(...notes: readonly string[]): NodeKind {
  return { ...plainNode, notes };
}

/** What kubeadm and most others run; taken where nothing else is recognised. */
export const containerdPreset: Preset = {
  name: "containerd",
  title: "containerd",
  signs: [],
  node: plainNode,
};
