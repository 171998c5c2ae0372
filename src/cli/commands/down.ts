import { down } from "#local";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { refuseMore } from "./operands.ts";

export const downCommand = defineCommand({
  name: "down",
  summary: "End everything that runs, and forget it",
  operands: "",
  description: `
Ends every pod and the control process, and removes their files and logs from the state directory. Images stay. With
--keep only the processes end: the next command starts everything again.`,
  options: { keep: { summary: "Remember what runs, for the next command to start again" } },
  async run({ options, operands, stateDirectory }) {
    refuseMore(operands);
    await down(stateDirectory, { keepObjects: options.keep });
    return EXIT_OK;
  },
});
