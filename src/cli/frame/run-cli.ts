import { KwasmError, nearestWord } from "#base";

import type { Command } from "./command.ts";
import { printDiagnostic, printError } from "./diagnostics.ts";
import { EXIT_OK, exitCodeOf } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { indexOfCommand, parseCommandLine } from "./parse-options.ts";
import { stateDirectoryOf } from "./state-directory.ts";
import { describeCommand, describeProgram } from "./usage.ts";

/** Runs one command line from its first word to its exit code. Never throws. */
export async function runCli(argv: readonly string[], commands: readonly Command[], io: Io): Promise<number> {
  try {
    return await dispatch(argv, commands, io);
  } catch (thrown) {
    const error = KwasmError.from(thrown, `run '${["kwasm", ...argv].join(" ")}'`);
    printError(io, error);
    return exitCodeOf(error.code);
  }
}

async function dispatch(argv: readonly string[], commands: readonly Command[], io: Io): Promise<number> {
  const nameIndex = indexOfCommand(argv);
  const before = parseCommandLine(argv.slice(0, nameIndex), {}, false);
  const name = argv[nameIndex];
  if (name === undefined || name === "help" || before.help) return help(argv.slice(nameIndex + 1), commands, io);
  const command = findCommand(name, commands);
  const outcome = await command.execute(
    argv.slice(nameIndex + 1),
    (option) => stateDirectoryOf(option ?? before.state, io),
    io,
  );
  if (outcome !== "help") return outcome.exitCode;
  io.stdout.write(describeCommand(command));
  return EXIT_OK;
}

/** `kwasm` alone, `kwasm help` and `kwasm help COMMAND`. */
function help(names: readonly string[], commands: readonly Command[], io: Io): number {
  const [name, ...rest] = names.filter((word) => !word.startsWith("-"));
  if (rest.length > 0) printDiagnostic(io, "warning", "help takes one command, the others are left out");
  io.stdout.write(name === undefined ? describeProgram(commands) : describeCommand(findCommand(name, commands)));
  return EXIT_OK;
}

function findCommand(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const visible = commands.filter((command) => command.isHidden !== true).map((command) => command.name);
  const nearest = nearestWord(name, visible);
  const advice = nearest === undefined ? "see 'kwasm help'" : `did you mean '${nearest}'?`;
  throw new KwasmError("invalid-argument", `unknown command "${name}": ${advice}`);
}
