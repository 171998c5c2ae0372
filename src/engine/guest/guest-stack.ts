import { type CompiledModule, originalOffset } from "../loader/index.ts";

/** One call of a guest's stack. */
export interface GuestFrame {
  /** From the module's name section; missing where the module was stripped. */
  readonly functionName: string | undefined;
  readonly functionIndex: number;
  /** Position in the file, as `addr2line` and `wasm-objdump` count it. */
  readonly offset: number;
}

/**
 * A Wasm frame as V8 prints it: `at name (wasm://wasm/hash:wasm-function[7]:0x1f)`, or without the name and the
 * parentheses. The line's end is the engine's own and cannot be forged by a name; a name may hold anything else.
 */
const framePattern =
  /^ {4}at (?:(?<name>.*) \()?wasm:\/\/wasm\/.*:wasm-function\[(?<index>\d+)\]:0x(?<offset>[0-9a-f]+)\)?$/;

/** Names are cut here; a stack is printed to logs. */
const NAME_LENGTH_MAX = 200;

/** The guest's frames of a trap, with positions of the original file and without functions that the engine added. */
export function readGuestFrames(thrown: unknown, compiled: CompiledModule): GuestFrame[] {
  if (!(thrown instanceof Error) || typeof thrown.stack !== "string") return [];
  const frames: GuestFrame[] = [];
  for (const line of thrown.stack.split("\n")) {
    const groups = framePattern.exec(line)?.groups;
    if (groups === undefined) continue;
    const functionIndex = Number(groups["index"]);
    if (functionIndex >= compiled.functionCount) continue;
    const offset = originalOffset(compiled.origins, Number.parseInt(groups["offset"] ?? "0", 16));
    frames.push({ functionName: printable(groups["name"]), functionIndex, offset });
  }
  return frames;
}

/** Frames of a component's stack that are worth a message. */
const namesShownMax = 32;

/**
 * One line for each call of a component's stack, innermost first. Its frames are of several modules, so a position
 * would say nothing: lines have names, or numbers within whichever module it was.
 */
export function functionNamesOf(thrown: unknown): string[] {
  if (!(thrown instanceof Error) || typeof thrown.stack !== "string") return [];
  const names = thrown.stack.split("\n").flatMap((line) => {
    const groups = framePattern.exec(line)?.groups;
    return groups === undefined ? [] : [printable(groups["name"]) ?? `<wasm function ${groups["index"]}>`];
  });
  return names.slice(0, namesShownMax).map((name, index) => `  ${index}: ${name}`);
}

/** A guest chooses its names; control characters in them would act on the terminal that shows the stack. */
function printable(name: string | undefined): string | undefined {
  return name?.slice(0, NAME_LENGTH_MAX).replaceAll(/\p{Cc}/gu, "\ufffd");
}
