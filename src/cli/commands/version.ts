import packageManifest from "../../../package.json" with { type: "json" };
import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { refuseMore } from "./operands.ts";

export const programVersion: string = packageManifest.version;

export const versionCommand = defineCommand({
  name: "version",
  summary: "Show the version of kwasm and of what it stands on",
  operands: "",
  description: "Shows the version of kwasm, and of the Node and V8 that run its guests.",
  options: {},
  async run({ operands }, io) {
    refuseMore(operands);
    io.stdout.write(`kwasm ${programVersion} (node ${process.versions.node}, V8 ${process.versions.v8})\n`);
    return EXIT_OK;
  },
});
