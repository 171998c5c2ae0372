import { posix } from "node:path";

import type { SupportedNode } from "../presets/preset.ts";
import type { ConfigurationPlan, PlanInputs } from "./plan.ts";
import { planDropIn } from "./plan-drop-in.ts";
import { planFile } from "./plan-file.ts";
import { planRancher } from "./plan-rancher.ts";

/** Decides what a node's configuration becomes; reads the node and changes nothing. */
export function planConfiguration(inputs: PlanInputs): ConfigurationPlan {
  const { place } = inputs.node;
  switch (place.kind) {
    case "file":
      return planFile(inputs, place);
    case "rancher":
      return planRancher(inputs, place);
    case "drop-in":
      return planDropIn(inputs, place);
    default:
      return place satisfies never;
  }
}

/** The files that may hold something of ours, in the order in which uninstall changes them. */
export function listPlaces(node: SupportedNode): readonly string[] {
  const { place } = node;
  switch (place.kind) {
    case "file":
      return [place.path, ...(place.dropIns === undefined ? [] : [`${place.dropIns}/kwasm.toml`])];
    case "rancher":
      return ["config.toml.tmpl", "config-v3.toml.tmpl", "config.toml.d/kwasm.toml", "config-v3.toml.d/kwasm.toml"].map(
        (name) => `${place.directory}/${name}`,
      );
    case "drop-in":
      return [place.path];
    default:
      return place satisfies never;
  }
}

/** Folders where other installers may have left files of their own. */
export function listDropInFolders({ place }: SupportedNode): readonly string[] {
  switch (place.kind) {
    case "file":
      return place.dropIns === undefined ? [] : [place.dropIns];
    case "rancher":
      return [`${place.directory}/config.toml.d`, `${place.directory}/config-v3.toml.d`];
    case "drop-in":
      return [posix.dirname(place.path)];
    default:
      return place satisfies never;
  }
}
