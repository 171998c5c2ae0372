import type { Io } from "./io.ts";
import { type OptionSpecs, type OptionValues, parseCommandLine } from "./parse-options.ts";

/** What a command is asked to do, after parsing and before anything has happened. */
export interface Invocation<Specs extends OptionSpecs> {
  readonly options: OptionValues<Specs>;
  readonly operands: readonly string[];
  /** Where this machine's pods, images and logs are kept. */
  readonly stateDirectory: string;
}

/** A command as data: parsing and help come from it, `run` is all that it does. */
export interface CommandSpec<Specs extends OptionSpecs> {
  readonly name: string;
  /** One line, in the list of commands. */
  readonly summary: string;
  /** What stands after the options in the usage line, as `[KIND [NAME…]]`. */
  readonly operands: string;
  /** Paragraphs and examples under the usage line. */
  readonly description: string;
  readonly options: Specs;
  /** The options end at the first operand; what follows belongs to somebody else, as a guest's own arguments do. */
  readonly stopsAtOperand?: boolean;
  /** Left out of the list of commands: for kwasm's own use. */
  readonly isHidden?: boolean;
  /** Resolves to the exit code; throws a KwasmError for what the user should be told. */
  run(invocation: Invocation<Specs>, io: Io): Promise<number>;
}

/** A command of any options, ready to be parsed and run. */
export interface Command extends Omit<CommandSpec<OptionSpecs>, "run"> {
  execute(argv: readonly string[], stateDirectory: StateDirectoryOf, io: Io): Promise<Outcome>;
}

/** Tells the state directory once the options are known. */
export type StateDirectoryOf = (option: string | undefined) => string;

/** How a command line ended: with an exit code, or in a wish for the command's help. */
export type Outcome = { readonly exitCode: number } | "help";

/** Closes a command over the types of its options, so that commands of different options fit in one table. */
export function defineCommand<const Specs extends OptionSpecs>(spec: CommandSpec<Specs>): Command {
  return {
    ...spec,
    async execute(argv, stateDirectoryOf, io) {
      const line = parseCommandLine(argv, spec.options, spec.stopsAtOperand ?? false);
      if (line.help) return "help";
      const invocation = {
        options: line.options,
        operands: line.operands,
        // Asked for by those that keep something only: a container of a cluster may have no home.
        get stateDirectory(): string {
          return stateDirectoryOf(line.state);
        },
      };
      return { exitCode: await spec.run(invocation, io) };
    },
  };
}
