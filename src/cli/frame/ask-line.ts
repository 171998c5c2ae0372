import { StringDecoder } from "node:string_decoder";

import { KwasmError } from "#base";

import type { Io } from "./io.ts";

/** Characters; longer than any name or password. Tokens of clouds have up to some kB. */
const LINE_LENGTH_MAX = 64 * 2 ** 10;

const keys = { interrupt: "\u0003", backspace: "\b", clear: "\u0015", delete: "\u007f" } as const;

/** Enter, the end of a line that was pasted, Ctrl-D. */
const ends: ReadonlySet<string> = new Set(["\r", "\n", "\u0004"]);

/** Asks a person at a terminal for one line; a secret is not shown as it is typed. */
export async function askLine(
  { stdin, stderr }: Io,
  prompt: string,
  { isSecret = false }: { readonly isSecret?: boolean } = {},
): Promise<string> {
  stderr.write(prompt);
  if (isSecret) stdin.setRawMode?.(true);
  try {
    return await readLine(stdin);
  } finally {
    if (isSecret) {
      stdin.setRawMode?.(false);
      stderr.write("\n");
    }
    stdin.pause();
  }
}

/** A terminal that does not show what is typed does not edit it either, so that is done here. */
function readLine(stdin: Io["stdin"]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const decoder = new StringDecoder();
  const line = new TypedLine();
  const take = (chunk: Buffer | string): void => {
    try {
      const rest = line.type(decoder.write(Buffer.from(chunk)));
      if (rest === undefined) return;
      // What was typed ahead is for the next question.
      stdin.pause().off("data", take);
      if (rest !== "") stdin.unshift(Buffer.from(rest));
      resolve(line.text);
    } catch (error) {
      reject(KwasmError.from(error, "read what is typed"));
    }
  };
  const end = (): void => resolve(line.text);
  stdin.on("data", take).once("end", end).once("error", reject).resume();
  return promise.finally(() => stdin.off("data", take).off("end", end).off("error", reject));
}

class TypedLine {
  #characters: string[] = [];

  get text(): string {
    return this.#characters.join("");
  }

  /** Takes what is typed up to the end of the line; returns what came behind that, or undefined as long as there is none. */
  type(typed: string): string | undefined {
    const characters = Array.from(typed);
    const end = characters.findIndex((key) => ends.has(key));
    for (const key of end === -1 ? characters : characters.slice(0, end)) this.#edit(key);
    return end === -1 ? undefined : characters.slice(end + 1).join("");
  }

  #edit(key: string): void {
    if (key === keys.interrupt) throw new KwasmError("cancelled", "read what is typed: it was interrupted");
    if (key === keys.clear) this.#characters = [];
    else if (key === keys.backspace || key === keys.delete) this.#characters.pop();
    else this.#characters.push(key);
    if (this.#characters.length <= LINE_LENGTH_MAX) return;
    throw new KwasmError("limit-exceeded", `read what is typed: it passes ${LINE_LENGTH_MAX} characters`);
  }
}
