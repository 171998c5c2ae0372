import { plainNodeWith } from "./containerd.ts";
import type { Preset } from "./preset.ts";

export const aksPreset: Preset = {
  name: "aks",
  title: "Azure Kubernetes Service",
  signs: [{ kind: "there", path: "/etc/kubernetes/azure.json" }],
  node: plainNodeWith("a restart of containerd may end the installer's own container here; the next run finishes"),
};
