import type { Preset } from "./preset.ts";

/** Its snap may not run programs outside its own folders, and makes its file of the template at each start. */
export const microk8sPreset: Preset = {
  name: "microk8s",
  title: "MicroK8s",
  signs: [{ kind: "there", path: "/var/snap/microk8s/current/args/containerd-template.toml" }],
  node: {
    kind: "supported",
    directory: "/var/snap/microk8s/common/kwasm",
    place: { kind: "file", path: "/var/snap/microk8s/current/args/containerd-template.toml", dropIns: undefined },
    programs: ["/snap/microk8s/current/bin/containerd"],
    sockets: ["/var/snap/microk8s/common/run/containerd.sock"],
    restarts: [{ kind: "systemd", units: ["snap.microk8s.daemon-containerd.service"] }],
    notes: [],
  },
};
