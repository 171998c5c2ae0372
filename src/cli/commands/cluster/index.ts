/** The commands of `kubectl kwasm`. */
import type { Command } from "../../frame/command.ts";
import type { Program } from "../../frame/usage.ts";
import { versionCommand } from "../version.ts";
import { deprovisionCommand } from "./deprovision.ts";
import { doctorCommand } from "./doctor.ts";
import { logsInstallerCommand } from "./logs-installer.ts";
import { provisionCommand } from "./provision.ts";
import { statusCommand } from "./status.ts";
import { topCommand } from "./top.ts";

export const clusterCommands: readonly Command[] = [
  statusCommand,
  doctorCommand,
  topCommand,
  provisionCommand,
  deprovisionCommand,
  logsInstallerCommand,
  versionCommand,
];

export const clusterProgram: Program = {
  words: "kubectl kwasm",
  summary: "KWasm in a cluster: which nodes run WebAssembly, and why one does not",
  options: { help: { short: "h", summary: "Show this help" } },
};
