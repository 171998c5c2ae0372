import { closeSync, constants, openSync, readSync } from "node:fs";
import { posix } from "node:path";

import { KwasmError } from "#base";

import type { ImageConfig } from "../document.ts";
import { placesOf, PLACEHOLDER } from "./resolve-entry.ts";

/** What a container's first word names: a module, a program of the host's kernel, or nothing of both. */
export type ProgramKind = "wasm" | "native" | "none";

export interface ProgramWords extends Pick<ImageConfig, "env" | "workingDirectory"> {
  /** The container's whole command; none names a program in `[]`, `[""]` and `["/"]`. */
  readonly args: readonly string[];
}

/** What the kernel starts (execve(2)): ELF files, and scripts that name their interpreter. */
const nativeStarts = ["\x7fELF", "#!"] as const;
const WASM_START = "\0asm";
const START_BYTES = 4;

/**
 * Tells what a container would run, by the file's first bytes. A module is found where resolveEntry finds it, and comes
 * first; a native program where runc's execvp(3) does: a name with a slash from the working directory on, any other in
 * PATH only. `find` answers where on this machine a file of the container is, or undefined where there is none.
 */
export function programKindOf(
  { args: [word = ""], env, workingDirectory }: ProgramWords,
  find: (path: string) => string | undefined,
): ProgramKind {
  if (word === "" || word === PLACEHOLDER) return "none";
  const entry = startOfFirst(placesOf({ env, workingDirectory }, word), find);
  if (entry === WASM_START) return "wasm";
  const program = startOfFirst(nativePlacesOf({ env, workingDirectory }, word), find);
  return nativeStarts.some((start) => program?.startsWith(start) === true) ? "native" : "none";
}

function nativePlacesOf(config: Pick<ImageConfig, "env" | "workingDirectory">, word: string): readonly string[] {
  if (word.includes("/")) return [posix.join("/", word.startsWith("/") ? "" : config.workingDirectory, word)];
  const path = config.env.findLast(([variable]) => variable === "PATH")?.[1] ?? "";
  return path.split(":").flatMap((directory) => (directory.startsWith("/") ? [posix.join(directory, word)] : []));
}

function startOfFirst(places: readonly string[], find: (path: string) => string | undefined): string | undefined {
  for (const place of places) {
    const path = find(place);
    if (path !== undefined) return readStart(path);
  }
  return undefined;
}

/** Whoever has the file's folder too may put a FIFO or a link in its place; neither holds this process up. */
function readStart(path: string): string {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  try {
    const descriptor = openSync(path, flags);
    try {
      const bytes = Buffer.alloc(START_BYTES);
      return bytes.toString("latin1", 0, readSync(descriptor, bytes));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw KwasmError.from(error, `look at program "${path}"`);
  }
}
