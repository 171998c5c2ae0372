import { plainNode, plainNodeWith } from "./containerd.ts";
import type { Preset } from "./preset.ts";

const amazonLinux = /^ID="?amzn"?$/mu;

export const eksAl2Preset: Preset = {
  name: "eks-al2",
  title: "Amazon EKS with Amazon Linux 2",
  signs: [
    { kind: "there", path: "/etc/eks" },
    { kind: "contains", path: "/etc/os-release", pattern: amazonLinux },
    { kind: "contains", path: "/etc/os-release", pattern: /^VERSION_ID="?2"?$/mu },
  ],
  node: plainNode,
};

export const eksAl2023Preset: Preset = {
  name: "eks-al2023",
  title: "Amazon EKS with Amazon Linux 2023",
  signs: [
    { kind: "there", path: "/etc/eks" },
    { kind: "contains", path: "/etc/os-release", pattern: amazonLinux },
    { kind: "contains", path: "/etc/os-release", pattern: /^VERSION_ID="?2023/mu },
  ],
  node: plainNodeWith(
    "nodeadm writes containerd's file again when the machine boots: the node needs provisioning after it",
  ),
};
