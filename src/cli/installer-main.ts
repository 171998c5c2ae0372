/**
 * The installer's image starts this, and gives no words: what is to be done is in the environment, as the contract of
 * KWasm's installers has it.
 */
import { nodeCommand } from "./commands/node.ts";
import { createProcessIo, flushOutput } from "./frame/io.ts";
import { runCli } from "./frame/run-cli.ts";

const words = process.argv.slice(2);
const action = words.length === 0 && (process.env["KWASM_ACTION"] ?? "") === "" ? ["install"] : words;
const status = await runCli(["node", ...action], [nodeCommand], createProcessIo());
await flushOutput();
process.exit(status);
