import { existsSync } from "node:fs";

import { formatInstallReport, type InstallReport } from "#api";
import { KwasmError } from "#base";

import type { Host } from "../host/host.ts";
import { type FileEdit, newFileOwner } from "../plan/plan.ts";
import { detectPreset } from "../presets/index.ts";
import type { Preset } from "../presets/preset.ts";
import { fetchShim, ShimRefused } from "../shims/fetch-shim.ts";
import { parseShimName, parseShimRequest } from "../shims/shim-request.ts";
import { examine, examineUnsupported, type Finding } from "./examine.ts";
import { install, planInstall } from "./install.ts";
import { type Layout, openLayout } from "./layout.ts";
import { lockNode } from "./lock.ts";
import { type Node, type NodeOptions, readNode, reportOf, type Target } from "./node.ts";
import { reasonOf } from "./roll-back.ts";
import { planShim, recordShim } from "./shim-files.ts";
import type { InstallState } from "./state.ts";
import { planUninstall, uninstall } from "./uninstall.ts";

export const nodeActions = [
  "install",
  "uninstall",
  "install-shim",
  "uninstall-shim",
  "status",
  "plan",
  "doctor",
] as const;
export type NodeAction = (typeof nodeActions)[number];

export interface NodeRequest {
  readonly host: Host;
  readonly action: NodeAction;
  /** What is installed; not needed for the rest. */
  readonly layoutDirectory: string;
  /** Instead of what is recognised. */
  readonly preset: Preset | undefined;
  readonly directory: string | undefined;
  readonly hasSystemdCgroup: boolean;
  /** What the variable KWASM_SHIM says, for the actions that have `shim` in their names. */
  readonly shim: string | undefined;
  /** Of `install` and `uninstall`: decide, and do nothing. */
  readonly isDry: boolean;
}

export type NodeAnswer =
  | { readonly kind: "report"; readonly report: InstallReport }
  | {
      readonly kind: "plan";
      readonly distribution: string;
      readonly edits: readonly FileEdit[];
      readonly notes: readonly string[];
    }
  | { readonly kind: "findings"; readonly findings: readonly Finding[] };

/** Does what is asked; of `install` and `uninstall` the report says also why it could not be done. */
export async function performAction(request: NodeRequest): Promise<NodeAnswer> {
  const preset = request.preset ?? detectPreset(request.host);
  if (request.action === "status" || request.action === "doctor") return examineNode(request, preset);
  if (request.action === "plan" || request.isDry) return planNode(request, preset);
  try {
    return { kind: "report", report: await change(request, preset) };
  } catch (error) {
    const cause = KwasmError.from(error, `${request.action} the runtime`);
    const isRefused = cause instanceof ShimRefused;
    const fields = {
      outcome: isRefused ? "rolled-back" : "failed",
      runtimeVersion: "",
      reason: isRefused ? cause.reason : reasonOf(cause),
      message: cause.message,
    } as const;
    return { kind: "report", report: reportOf({ preset, containerdVersion: "" }, fields) };
  }
}

async function change(request: NodeRequest, preset: Preset): Promise<InstallReport> {
  if (preset.node.kind === "unsupported") return unsupportedReport(preset);
  using _ = await lockNode(request.host);
  return await changeAlone(request, preset);
}

async function changeAlone(request: NodeRequest, preset: Preset): Promise<InstallReport> {
  switch (request.action) {
    case "install-shim":
      return addShim(request, preset);
    case "uninstall":
      return leave(request, preset, (state) => ({ hasRuntime: false, shims: state?.shims ?? [] }));
    case "uninstall-shim": {
      const name = parseShimName(request.shim ?? "");
      return leave(request, preset, (state) => ({
        hasRuntime: state?.hasRuntime ?? false,
        shims: (state?.shims ?? []).filter((shim) => shim.name !== name),
      }));
    }
    default:
      return addRuntime(request, preset);
  }
}

async function addRuntime(request: NodeRequest, preset: Preset): Promise<InstallReport> {
  const node = await open(request, preset, withRuntime);
  const report = await install(node, { layout: openLayout(request.layoutDirectory), shimFiles: [] });
  keepReport(node, report);
  return report;
}

function withRuntime(state: InstallState | undefined): Target {
  return { hasRuntime: true, shims: state?.shims ?? [] };
}

/** Fetched before the node is touched: whatever is wrong with an archive changes nothing. */
async function addShim(request: NodeRequest, preset: Preset): Promise<InstallReport> {
  const shim = parseShimRequest(request.shim ?? "");
  const program = await fetchShim(shim);
  const { directory } = await open(request, preset, withRuntime);
  const record = recordShim(shim, program, directory);
  const node = await open(request, preset, (state) => ({
    hasRuntime: state?.hasRuntime ?? false,
    shims: [...(state?.shims ?? []).filter(({ name }) => name !== shim.name), record],
  }));
  return install(node, { layout: undefined, shimFiles: [planShim(node.host, record, program)] });
}

/** What is left is installed as it should be then; with nothing left, every byte is given back. */
async function leave(request: NodeRequest, preset: Preset, target: NodeOptions["target"]): Promise<InstallReport> {
  const node = await open(request, preset, target);
  if (!node.target.hasRuntime && node.target.shims.length === 0) return uninstall(node);
  const report = await install(node, { layout: undefined, shimFiles: [] });
  return ["installed", "unchanged"].includes(report.outcome)
    ? { ...report, outcome: "removed", reason: "Removed" }
    : report;
}

async function open(request: NodeRequest, preset: Preset, target: NodeOptions["target"]): Promise<Node> {
  const node = await readNode(request.host, { ...request, preset, target });
  if (node === undefined) throw new KwasmError("unsupported", unsupportedReport(preset).message);
  return node;
}

/** For people who look at the node itself, and for the next run's reader. */
function keepReport({ host, directory }: Node, report: InstallReport): void {
  if (!host.isThere(directory)) return;
  const path = `${directory}/install-report.json`;
  const line = `${formatInstallReport(report)}\n`;
  if (host.readFile(path)?.content.toString() === line) return;
  host.writeFile(path, Buffer.from(line), newFileOwner(0o644));
}

function unsupportedReport(preset: Preset): InstallReport {
  const { node } = preset;
  const { reason, verdict } = node.kind === "unsupported" ? node : { reason: "", verdict: "" };
  const message = `${preset.title}: ${verdict}`;
  return reportOf({ preset, containerdVersion: "" }, { outcome: "unsupported", runtimeVersion: "", reason, message });
}

async function planNode(request: NodeRequest, preset: Preset): Promise<NodeAnswer> {
  if (request.action === "uninstall") {
    const node = await open(request, preset, () => ({ hasRuntime: false, shims: [] }));
    return { kind: "plan", distribution: preset.name, edits: planUninstall(node), notes: [] };
  }
  const node = await open(request, preset, withRuntime);
  const { edits, configuration } = planInstall(node, { layout: openLayout(request.layoutDirectory), shimFiles: [] });
  const notes = [
    ...configuration.adopted.map((path) => `taken over from another installer: "${path}"`),
    ...configuration.kept.map(({ name, reason }) => `handler "${name}" stays somebody else's: ${reason}`),
    ...node.node.notes,
  ];
  return { kind: "plan", distribution: preset.name, edits, notes };
}

async function examineNode(request: NodeRequest, preset: Preset): Promise<NodeAnswer> {
  if (preset.node.kind === "unsupported") return { kind: "findings", findings: examineUnsupported(preset) };
  const node = await open(request, preset, (state) => ({
    ...withRuntime(state),
    hasRuntime: state?.hasRuntime ?? true,
  }));
  const findings = await examine(node, node.target.hasRuntime ? findLayout(request.layoutDirectory) : undefined);
  const isShort = request.action === "status";
  return { kind: "findings", findings: isShort ? findings.filter(({ name }) => name !== "files") : findings };
}

function findLayout(directory: string): Layout | undefined {
  return existsSync(directory) ? openLayout(directory) : undefined;
}
