/** What kubectl starts for `kubectl kwasm`. */
import { systemErrorCode } from "#base";

import { clusterCommands, clusterProgram } from "./commands/cluster/index.ts";
import { createProcessIo, flushOutput } from "./frame/io.ts";
import { runCli } from "./frame/run-cli.ts";

// A reader that went away (`kubectl kwasm status | head -1`) has seen all that it wanted.
process.stdout.on("error", (error) => {
  if (systemErrorCode(error) !== "EPIPE") throw error;
  process.exit();
});

const status = await runCli(process.argv.slice(2), clusterCommands, createProcessIo(), clusterProgram);
await flushOutput();
process.exit(status);
