import { plainNode } from "./containerd.ts";
import type { Preset } from "./preset.ts";

export const gkeUbuntuPreset: Preset = {
  name: "gke-ubuntu",
  title: "Google Kubernetes Engine with Ubuntu",
  signs: [
    { kind: "there", path: "/home/kubernetes" },
    { kind: "contains", path: "/etc/os-release", pattern: /^ID=ubuntu$/mu },
  ],
  node: { ...plainNode, programs: ["/home/containerd/usr/local/bin/containerd", ...plainNode.programs] },
};
