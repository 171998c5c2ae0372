import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

import { KwasmError, systemErrorCode } from "#base";

/** An option as data. `value` names its value in the help; an option without one is a switch. */
export interface OptionSpec {
  readonly short?: string;
  readonly value?: string;
  /** May be given several times; the values come in their order. */
  readonly isRepeatable?: boolean;
  readonly summary: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export type OptionValues<Specs extends OptionSpecs> = { readonly [Name in keyof Specs]: OptionValue<Specs[Name]> };

type OptionValue<Spec extends OptionSpec> = Spec extends { readonly value: string }
  ? Spec extends { readonly isRepeatable: true }
    ? readonly string[]
    : string | undefined
  : boolean;

/** Options that every command takes, and that may also stand before the command's name. */
export const globalOptions = {
  state: { value: "DIR", summary: "Keep pods, images and logs in DIR (default $KWASM_STATE, else below the home)" },
  help: { short: "h", summary: "Show this help" },
} as const satisfies OptionSpecs;

interface CommandLine<Specs extends OptionSpecs> {
  readonly options: OptionValues<Specs>;
  readonly operands: readonly string[];
  readonly state: string | undefined;
  readonly help: boolean;
}

/** Throws `invalid-argument` for an option that is not in `specs`, lacks its value or has one too many. */
export function parseCommandLine<Specs extends OptionSpecs>(
  argv: readonly string[],
  specs: Specs,
  stopsAtOperand: boolean,
): CommandLine<Specs> {
  const config = configOf({ ...globalOptions, ...specs });
  const end = stopsAtOperand ? indexOfFirstOperand(argv, config) : argv.length;
  const { values, positionals } = parseStrictly(settleSwitches(argv.slice(0, end), config), config);
  return {
    options: valuesOf(specs, values),
    operands: [...positionals, ...argv.slice(end)],
    state: typeof values["state"] === "string" ? values["state"] : undefined,
    help: values["help"] === true,
  };
}

/** Where the command's name stands behind the global options, or `argv.length` where there is none. */
export function indexOfCommand(argv: readonly string[]): number {
  return indexOfFirstOperand(argv, configOf(globalOptions));
}

function configOf(specs: OptionSpecs): ParseArgsOptionsConfig {
  const entries = Object.entries(specs).map(([name, spec]) => [
    name,
    {
      type: spec.value === undefined ? "boolean" : "string",
      multiple: spec.isRepeatable ?? false,
      ...(spec.short !== undefined && { short: spec.short }),
    } as const,
  ]);
  return Object.fromEntries(entries) as ParseArgsOptionsConfig;
}

/** Switches as manifests made for Go's programs write them too, `--leader-elect=true`; of several the last counts. */
function settleSwitches(argv: readonly string[], options: ParseArgsOptionsConfig): readonly string[] {
  const { tokens } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: false, tokens: true });
  const words: (string | undefined)[] = [...argv];
  const places = new Map<string, number[]>();
  for (const token of tokens) {
    if (token.kind !== "option" || options[token.name]?.type !== "boolean") continue;
    places.set(token.name, [...(places.get(token.name) ?? []), token.index]);
    if (token.value === "true") words[token.index] = token.rawName;
    if (token.value !== "false") continue;
    for (const index of places.get(token.name) ?? []) words[index] = undefined;
  }
  return words.filter((word) => word !== undefined);
}

type Values = Readonly<Record<string, unknown>>;

function parseStrictly(
  argv: readonly string[],
  options: ParseArgsOptionsConfig,
): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (thrown) {
    if (systemErrorCode(thrown)?.startsWith("ERR_PARSE_ARGS") !== true) throw thrown;
    throw new KwasmError("invalid-argument", describeParseError(thrown), { cause: thrown });
  }
}

/** Node's sentences, brought to the form of ours: the first one only, without its full stop. */
function describeParseError(thrown: unknown): string {
  const [sentence = ""] = (thrown instanceof Error ? thrown.message : String(thrown)).split(/\.(?:\s|$)/);
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

/** An unknown option counts as a switch here; strict parsing refuses it afterwards. */
function indexOfFirstOperand(argv: readonly string[], options: ParseArgsOptionsConfig): number {
  const { tokens } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: false, tokens: true });
  return tokens.find((token) => token.kind === "positional")?.index ?? argv.length;
}

function valuesOf<Specs extends OptionSpecs>(specs: Specs, values: Values): OptionValues<Specs> {
  const entries = Object.entries(specs).map(([name, spec]) => [name, valueOf(spec, values[name])]);
  // The entries were made from `specs` itself, one for each, of the type that `OptionValue` says.
  return Object.fromEntries(entries) as OptionValues<Specs>;
}

function valueOf(spec: OptionSpec, value: unknown): unknown {
  if (spec.value === undefined) return value === true;
  return spec.isRepeatable === true ? (value ?? []) : value;
}
