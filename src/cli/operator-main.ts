/** The operator's image starts this: one command and what it needs, so that the process stays small. */
import { operatorCommand } from "./commands/operator.ts";
import { createProcessIo } from "./frame/io.ts";
import { runCli } from "./frame/run-cli.ts";

process.exit(await runCli(["operator", ...process.argv.slice(2)], [operatorCommand], createProcessIo()));
