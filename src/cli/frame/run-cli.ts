import { KwasmError, nearestWord } from "#base";

import type { Command } from "./command.ts";
import { printDiagnostic, printError } from "./diagnostics.ts";
import { EXIT_OK, exitCodeOf } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { indexOfCommand, parseCommandLine } from "./parse-options.ts";
import { stateDirectoryOf } from "./state-directory.ts";
import { describeCommand, describeProgram, kwasmProgram, type Program } from "./usage.ts";

/** Runs one command line from its first word to its exit code. Never throws. */
export async function runCli(
  argv: readonly string[],
  commands: readonly Command[],
  io: Io,
  program = kwasmProgram,
): Promise<number> {
  try {
    return await dispatch(argv, { ...program, commands }, io);
  } catch (thrown) {
    const error = KwasmError.from(thrown, `run '${[program.words, ...argv].join(" ")}'`);
    printError(io, error);
    return exitCodeOf(error.code);
  }
}

interface ProgramWithCommands extends Program {
  readonly commands: readonly Command[];
}

async function dispatch(argv: readonly string[], program: ProgramWithCommands, io: Io): Promise<number> {
  const nameIndex = indexOfCommand(argv);
  const before = parseCommandLine(argv.slice(0, nameIndex), {}, false);
  const name = argv[nameIndex];
  if (name === undefined || name === "help" || before.help) return help(argv.slice(nameIndex + 1), program, io);
  const command = findCommand(name, program);
  const outcome = await command.execute(
    argv.slice(nameIndex + 1),
    (option) => stateDirectoryOf(option ?? before.state, io),
    io,
  );
  if (outcome !== "help") return outcome.exitCode;
  io.stdout.write(describeCommand(program, command));
  return EXIT_OK;
}

/** `kwasm` alone, `kwasm help` and `kwasm help COMMAND`. */
function help(names: readonly string[], program: ProgramWithCommands, io: Io): number {
  const [name, ...rest] = names.filter((word) => !word.startsWith("-"));
  if (rest.length > 0) printDiagnostic(io, "warning", "help takes one command, the others are left out");
  const text =
    name === undefined
      ? describeProgram(program, program.commands)
      : describeCommand(program, findCommand(name, program));
  io.stdout.write(text);
  return EXIT_OK;
}

function findCommand(name: string, { words, commands }: ProgramWithCommands): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const visible = commands.filter((command) => command.isHidden !== true).map((command) => command.name);
  const nearest = nearestWord(name, visible);
  const advice = nearest === undefined ? `see '${words} help'` : `did you mean '${nearest}'?`;
  throw new KwasmError("invalid-argument", `unknown command "${name}": ${advice}`);
}
