import { KwasmError } from "#base";
import type { ToolHost, ToolResult } from "./tool-host.ts";

/** A folder of source on its way to a module. */
export interface SourceFolder {
  readonly directory: string;
  /** Names of the files in it, sorted. */
  readonly names: readonly string[];
  /** Where the module shall be written; compilers that choose a place themselves return theirs. */
  readonly output: string;
  readonly tools: ToolHost;
  readonly signal?: AbortSignal;
}

/** A language that `kwasm build` compiles, by the toolchain that the machine has. */
export interface Language {
  readonly name: string;
  /** What in a folder shows that it is of this language, for people. */
  readonly mark: string;
  claims(names: readonly string[]): boolean;
  /** Compiles to a core module of WASI 0.1 or to a component, and returns its path. */
  compile(folder: SourceFolder): Promise<string>;
}

/** The error for a toolchain that is not there, or not whole; `install` is a command to copy. */
export function missingToolchain(folder: SourceFolder, missing: string, install: string): KwasmError {
  return new KwasmError(
    "failed-precondition",
    `building "${folder.directory}": ${missing}; install it with: ${install}`,
  );
}

/** Passes a failed compilation on with all that the compiler said. */
export function checkCompiled(folder: SourceFolder, program: string, { exitCode, stderr }: ToolResult): void {
  if (exitCode === 0) return;
  throw new KwasmError(
    "invalid-argument",
    `building "${folder.directory}": ${program} failed with exit code ${exitCode}:\n${stderr.trimEnd()}`,
  );
}
