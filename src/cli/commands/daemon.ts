import { serveDaemon } from "#local";
import { createNodeRuntime } from "#node";

import { defineCommand } from "../frame/command.ts";
import { parseCount } from "../frame/parse-values.ts";
import { imagesDirectoryOf } from "./control.ts";
import { createPodPuller } from "./pod-puller.ts";
import { refuseMore } from "./operands.ts";
import { programVersion } from "./version.ts";

export const daemonCommand = defineCommand({
  name: "daemon",
  summary: "Run the control process in the foreground",
  operands: "",
  description: "Runs the control process of a state directory. Other commands start it by themselves.",
  options: {
    "ready-descriptor": { value: "FD", summary: "Say on this descriptor when control answers, or why it cannot" },
  },
  isHidden: true,
  async run({ options, operands, stateDirectory }, io) {
    refuseMore(operands);
    const descriptor = options["ready-descriptor"];
    return serveDaemon({
      stateDir: stateDirectory,
      imagesDir: imagesDirectoryOf(stateDirectory),
      version: programVersion,
      pullImage: createPodPuller(stateDirectory, io),
      createRuntime: (log) => createNodeRuntime({ stateDir: stateDirectory, log }),
      ...(descriptor !== undefined && { readyFd: parseCount(descriptor, "--ready-descriptor") }),
    });
  },
});
