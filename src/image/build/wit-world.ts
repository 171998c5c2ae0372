import { readdirSync } from "node:fs";
import { join } from "node:path";
import { KwasmError } from "#base";
import type { SourceFolder } from "./language.ts";

/** The folder in which a project says what its component imports and exports. */
export const witFolder = "wit";

const worldPattern = /^\s*world\s+%?([a-z][a-z0-9-]*)\s*\{/gm;

interface World {
  readonly name: string;
  /** The text of the files that define it. */
  readonly text: string;
}

/** The one world that the files in the project's `wit` folder define; folders below it are packages of others. */
export function findWorld({ directory, tools }: SourceFolder): World {
  const folder = join(directory, witFolder);
  const names = readdirSync(folder).filter((name) => name.endsWith(".wit"));
  const text = names.map((name) => tools.readText(join(folder, name)) ?? "").join("\n");
  const worlds = Array.from(text.matchAll(worldPattern), ([, name = ""]) => name);
  const [only] = worlds;
  if (only !== undefined && worlds.length === 1) return { name: only, text };
  const found = worlds.map((name) => `"${name}"`).join(", ") || "none";
  throw new KwasmError(
    "invalid-argument",
    `building "${directory}": its folder "${witFolder}" defines the worlds ${found}; define one`,
  );
}
