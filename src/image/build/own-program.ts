import { join } from "node:path";
import type { SourceFolder } from "./language.ts";

/** A tool that a project brings itself, in the folder where its package manager puts such, or else one on PATH. */
export function findOwnProgram({ directory, tools }: SourceFolder, name: string, place: string): string | undefined {
  const own = join(directory, place, name);
  return tools.exists(own) ? own : tools.findProgram(name);
}
