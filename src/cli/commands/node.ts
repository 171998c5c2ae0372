import { formatInstallReport, type InstallOutcome } from "#api";
import { KwasmError } from "#base";
import {
  findPreset,
  formatDiff,
  type NodeAction,
  nodeActions,
  type NodeAnswer,
  NodeHost,
  performAction,
  presetNames,
} from "#installer";

import { defineCommand } from "../frame/command.ts";
import { EXIT_FAILED, EXIT_OK, exitCodeOf } from "../frame/exit-codes.ts";
import type { Io } from "../frame/io.ts";
import { formatAnswer } from "./node/format-answer.ts";
import { writeTerminationMessage } from "./node/termination-message.ts";

/** Where the installer's image has what it installs. */
const IMAGE_LAYOUT = "/assets/kwasm";

export const nodeCommand = defineCommand({
  name: "node",
  summary: "Install the runtime on this machine's containerd, or remove it",
  operands: "install | uninstall | status | plan | doctor | install-shim | uninstall-shim",
  description: `
Works on one node of a cluster, as root on it or from a container that has its files at --root. 'install' copies the
runtime to /opt/kwasm, adds its handlers to containerd's configuration, restarts containerd and asks it what it serves;
what does not succeed is undone. 'uninstall' gives back every byte. The last line of both is a report in JSON.

'plan' shows what 'install' would change, 'status' what is served, and 'doctor' what is wrong and what to do.

'install-shim' and 'uninstall-shim' do the same with somebody else's shim, which the variable KWASM_SHIM names as JSON:
{"name", "handler", "url", "sha256", "options"}.

Variables: NODE_ROOT is --root, KWASM_ACTION the action where none is given, KWASM_DIR --directory,
KWASM_DISTRIBUTION --distribution, KWASM_LAYOUT --layout; SYSTEMD_CGROUP=true adds that option to the handlers.

  kwasm node plan
  kwasm node install --layout /tmp/layout`,
  options: {
    root: { value: "DIR", summary: "The node's files are at DIR (default $NODE_ROOT, else /)" },
    layout: { value: "DIR", summary: `Install the layout in DIR (default $KWASM_LAYOUT, else ${IMAGE_LAYOUT})` },
    directory: { value: "DIR", summary: "Install to DIR of the node (default $KWASM_DIR, else the distribution's)" },
    distribution: { value: "NAME", summary: `Do not guess: ${presetNames.join(", ")}` },
    plan: { summary: "Show what would change, and change nothing" },
    output: { short: "o", value: "json", summary: "Print JSON" },
  },
  async run({ options, operands }, io) {
    const action = parseAction(operands, io);
    if (options.output !== undefined && options.output !== "json") {
      throw new KwasmError("invalid-argument", `print "${options.output}": only -o json is there`);
    }
    const answer = await performAction({
      host: new NodeHost(absolute("--root", options.root ?? variable(io, "NODE_ROOT") ?? "/")),
      action,
      layoutDirectory: options.layout ?? variable(io, "KWASM_LAYOUT") ?? IMAGE_LAYOUT,
      preset: parsePreset(options.distribution ?? variable(io, "KWASM_DISTRIBUTION")),
      directory: optionalAbsolute("--directory", options.directory ?? variable(io, "KWASM_DIR")),
      hasSystemdCgroup: variable(io, "SYSTEMD_CGROUP")?.toLowerCase() === "true",
      shim: variable(io, "KWASM_SHIM"),
      isDry: options.plan,
    });
    if (answer.kind === "report") writeTerminationMessage(io, formatInstallReport(answer.report));
    io.stdout.write(options.output === "json" ? formatJson(answer) : formatAnswer(answer));
    return exitCodeOfAnswer(answer);
  },
});

function variable(io: Io, name: string): string | undefined {
  const value = io.env[name];
  return value === "" ? undefined : value;
}

function parseAction(operands: readonly string[], io: Io): NodeAction {
  const [word = variable(io, "KWASM_ACTION") ?? "", ...rest] = operands;
  const action = nodeActions.find((known) => known === word);
  if (action !== undefined && rest.length === 0) return action;
  const given = word === "" ? "say what to do with the node" : `do "${[word, ...rest].join(" ")}" with the node`;
  throw new KwasmError("invalid-argument", `${given}: name one of ${nodeActions.join(", ")}`);
}

function parsePreset(name: string | undefined): ReturnType<typeof findPreset> {
  if (name === undefined) return undefined;
  const preset = findPreset(name);
  if (preset !== undefined) return preset;
  throw new KwasmError("invalid-argument", `take the node for "${name}": name one of ${presetNames.join(", ")}`);
}

function optionalAbsolute(option: string, path: string | undefined): string | undefined {
  return path === undefined ? undefined : absolute(option, path);
}

/** A node's paths are put into containerd's configuration, which has no folder to start from. */
function absolute(option: string, path: string): string {
  const isPlain = path.startsWith("/") && !path.split("/").some((name) => name === "." || name === "..");
  if (isPlain) return path === "/" ? path : path.replace(/\/+$/u, "");
  throw new KwasmError("invalid-argument", `${option} "${path}": give a whole path, from "/" on and without ".."`);
}

function formatJson(answer: NodeAnswer): string {
  switch (answer.kind) {
    case "report":
      return `${formatInstallReport(answer.report)}\n`;
    case "plan":
      return `${JSON.stringify({ ...answer, edits: undefined, diff: formatDiff(answer.edits) })}\n`;
    case "findings":
      return `${JSON.stringify(answer.findings)}\n`;
    default:
      return answer satisfies never;
  }
}

const goodOutcomes: ReadonlySet<InstallOutcome> = new Set(["installed", "unchanged", "removed"]);

function exitCodeOfAnswer(answer: NodeAnswer): number {
  switch (answer.kind) {
    case "report":
      if (answer.report.outcome === "unsupported") return exitCodeOf("unsupported");
      return goodOutcomes.has(answer.report.outcome) ? EXIT_OK : EXIT_FAILED;
    case "plan":
      return EXIT_OK;
    case "findings":
      return answer.findings.some(({ state }) => state === "bad") ? EXIT_FAILED : EXIT_OK;
    default:
      return answer satisfies never;
  }
}
