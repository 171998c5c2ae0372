export { NodeHost } from "./host/node-host.ts";
export { type Finding, examine } from "./run/examine.ts";
export { formatDiff } from "./plan/format-diff.ts";
export {
  type NodeRequest,
  type NodeAnswer,
  performAction,
  nodeActions,
  type NodeAction,
} from "./run/perform-action.ts";
export { findPreset, presetNames } from "./presets/index.ts";
