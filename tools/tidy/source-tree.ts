import { globSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";

/** The root of the checkout; all paths here are relative to it, with `/`. */
export const root = resolve(import.meta.dirname, "../..");

const neverOurs = ["node_modules/**", "dist/**", ".git/**"];

/** Files below the root that match one of the patterns, sorted. What was installed or built is left out. */
export function listFiles(...patterns: readonly string[]): string[] {
  return globSync([...patterns], { cwd: root, exclude: neverOurs, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, resolve(entry.parentPath, entry.name)))
    .toSorted();
}

/** Everything that is written by hand in TypeScript. */
export function listSources(): string[] {
  return listFiles("{src,tools,bench,e2e}/**/*.ts").filter((path) => !path.includes("/testdata/"));
}

export function readText(path: string): string {
  return readFileSync(resolve(root, path), "utf8");
}
