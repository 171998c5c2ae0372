import type { Preset } from "./preset.ts";

export const k0sPreset: Preset = {
  name: "k0s",
  title: "k0s",
  signs: [{ kind: "there", path: "/etc/k0s/containerd.toml" }],
  node: {
    kind: "supported",
    directory: "/opt/kwasm",
    place: { kind: "drop-in", main: "/etc/k0s/containerd.toml", path: "/etc/k0s/containerd.d/kwasm.toml" },
    programs: ["/var/lib/k0s/bin/containerd"],
    sockets: ["/run/k0s/containerd.sock"],
    restarts: [{ kind: "systemd", units: ["k0sworker.service", "k0scontroller.service"] }],
    notes: [],
  },
};
