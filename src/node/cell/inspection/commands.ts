import { type Command, exitCode, type Look, printable } from "./command.ts";
import { showEnvironment, showProcess, showUsage } from "./guest-tables.ts";
import { listFiles } from "./list-files.ts";
import { printFiles } from "./print-files.ts";

const commands: Readonly<Record<string, Command>> = {
  ps: showProcess,
  top: showUsage,
  ls: listFiles,
  cat: printFiles,
  env: showEnvironment,
};
const helpWords: ReadonlySet<string> = new Set(["help", "--help", "-h"]);

/** Runs the command that the first word names, and answers its exit code. */
export async function runCommand(look: Look): Promise<number> {
  const [name, ...words] = look.words;
  if (name === undefined) {
    await look.complain(usage());
    return exitCode.misused;
  }
  if (helpWords.has(name)) {
    await look.print(`${usage()}\n`);
    return exitCode.done;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) {
    return command.run({ ...look, words, complain: (text) => look.complain(`${name}: ${printable(text)}`) });
  }
  await look.complain(`"${printable(name)}" is no command of this runtime`);
  await look.complain(usage());
  return exitCode.unknownCommand;
}

function usage(): string {
  const all = Object.values(commands);
  const width = Math.max(...all.map(({ synopsis }) => synopsis.length));
  const lines = all.map(({ synopsis, summary }) => `  /kwasm ${synopsis.padEnd(width)}  ${summary}`);
  return ["A Wasm container has no programs. The runtime itself can look into it:", ...lines].join("\n");
}
