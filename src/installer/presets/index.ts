import type { HostReader } from "../host/host.ts";
import { aksPreset } from "./aks.ts";
import { containerdPreset } from "./containerd.ts";
import { eksAl2023Preset, eksAl2Preset } from "./eks.ts";
import { gkeUbuntuPreset } from "./gke.ts";
import { k0sPreset } from "./k0s.ts";
import { kindPreset } from "./kind.ts";
import { microk8sPreset } from "./microk8s.ts";
import { minikubePreset } from "./minikube.ts";
import type { Preset, Sign } from "./preset.ts";
import { k3dPreset, k3sPreset, rke2Preset } from "./rancher.ts";
import { unsupportedPresets } from "./unsupported.ts";

/** In the order in which they are looked for: the first whose signs all hold is the node's. */
const presets: readonly Preset[] = [
  ...unsupportedPresets,
  microk8sPreset,
  rke2Preset,
  k3dPreset,
  k3sPreset,
  k0sPreset,
  kindPreset,
  minikubePreset,
  aksPreset,
  gkeUbuntuPreset,
  eksAl2Preset,
  eksAl2023Preset,
  containerdPreset,
];

export function detectPreset(host: HostReader): Preset {
  return presets.find(({ signs }) => signs.every((sign) => holds(sign, host))) ?? containerdPreset;
}

function holds(sign: Sign, host: HostReader): boolean {
  switch (sign.kind) {
    case "there":
      return host.isThere(sign.path);
    case "absent":
      return !host.isThere(sign.path);
    case "contains":
      return sign.pattern.test(host.readFile(sign.path)?.content.toString() ?? "");
    default:
      return sign satisfies never;
  }
}

export const presetNames: readonly string[] = presets.map(({ name }) => name);

/** The preset of a name that a user gave, or undefined where there is none. */
export function findPreset(name: string): Preset | undefined {
  return presets.find((preset) => preset.name === name);
}
