import type { Preset, Sign } from "./preset.ts";

function osRelease(id: string): Sign {
  return { kind: "contains", path: "/etc/os-release", pattern: new RegExp(`^ID="?${id}"?$`, "mu") };
}

function unsupported(name: string, title: string, signs: readonly Sign[], verdict: string): Preset {
  const node = { kind: "unsupported", reason: "DistributionUnsupported", verdict } as const;
  return { name, title, signs, node };
}

/** Looked for first: what they are decides before anything that may lie on them. */
export const unsupportedPresets: readonly Preset[] = [
  unsupported(
    "cos",
    "Container-Optimized OS",
    [osRelease("cos")],
    'its "/opt" is read-only and its folders that can be written allow no programs; use a node pool with Ubuntu',
  ),
  unsupported(
    "bottlerocket",
    "Bottlerocket",
    [osRelease("bottlerocket")],
    "it makes containerd's file of its own settings and lets nobody else change it; use nodes with Amazon Linux 2023 or Ubuntu",
  ),
  unsupported(
    "talos",
    "Talos Linux",
    [osRelease("talos")],
    "its files are part of a signed image; runtimes come as system extensions there, which this project does not build",
  ),
  unsupported(
    "cri-o",
    "CRI-O",
    [{ kind: "there", path: "/run/crio/crio.sock" }],
    "CRI-O starts runtimes of another kind than containerd's shims; use nodes with containerd",
  ),
];
