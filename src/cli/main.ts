import { systemErrorCode } from "#base";

import { commands } from "./commands/index.ts";
import { createProcessIo, flushOutput } from "./frame/io.ts";
import { runCli } from "./frame/run-cli.ts";

// A reader that went away (`kwasm get pods | head -1`) has seen all that it wanted.
process.stdout.on("error", (error) => {
  if (systemErrorCode(error) !== "EPIPE") throw error;
  process.exit();
});

const status = await runCli(process.argv.slice(2), commands, createProcessIo());
await flushOutput();
// At once, whatever handle is still open: `kwasm down` stays connected to control until the kernel has ended it.
process.exit(status);
