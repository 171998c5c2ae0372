import { plainNodeWith } from "./containerd.ts";
import type { Preset } from "./preset.ts";

export const minikubePreset: Preset = {
  name: "minikube",
  title: "minikube",
  signs: [{ kind: "there", path: "/var/lib/minikube" }],
  node: plainNodeWith(
    "minikube writes containerd's file again at 'minikube start': the node needs provisioning after it",
  ),
};
