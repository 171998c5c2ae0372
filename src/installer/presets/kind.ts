import { plainNode } from "./containerd.ts";
import type { Preset } from "./preset.ts";

/** Its node images run systemd and a containerd whose file imports nothing. */
export const kindPreset: Preset = {
  name: "kind",
  title: "kind",
  signs: [{ kind: "there", path: "/kind/version" }],
  node: plainNode,
};
