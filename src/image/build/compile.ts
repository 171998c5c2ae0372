import { readdirSync } from "node:fs";
import { join } from "node:path";
import { KwasmError } from "#base";
import { assemblyScript } from "./assembly-script.ts";
import { c } from "./c.ts";
import { go } from "./go.ts";
import { javascript } from "./javascript.ts";
import type { Language } from "./language.ts";
import { python } from "./python.ts";
import { rust } from "./rust.ts";
import type { ToolHost } from "./tool-host.ts";

/** In order: projects of the first ones may hold C files of their own, and AssemblyScript has a package.json too. */
const languages: readonly Language[] = [rust, go, assemblyScript, javascript, python, c];

interface CompileOptions {
  readonly tools: ToolHost;
  /** Folder for what the compiler writes. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
}

/** Compiles a folder of source to a module or a component, by the language that its files show. */
export async function compileFolder(directory: string, options: CompileOptions): Promise<string> {
  const { scratch, ...rest } = options;
  const names = readdirSync(directory).sort();
  const language = languages.find((candidate) => candidate.claims(names));
  if (language === undefined) {
    const marks = languages.map(({ name, mark }) => `${mark} (${name})`).join(", ");
    throw new KwasmError(
      "invalid-argument",
      `building "${directory}": it holds none of ${marks}; give a folder of source or a FILE.wasm`,
    );
  }
  return language.compile({ ...rest, directory, names, output: join(scratch, "app.wasm") });
}
