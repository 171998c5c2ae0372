import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { KwasmError } from "#base";
import type { SpinComponent } from "../application.ts";
import { spinLimits } from "../limits.ts";
import { shown } from "../table.ts";
import type { ContentFinder } from "./content-finder.ts";
import { findPlaces } from "./find-mounts.ts";
import { matchesPattern, parsePattern } from "./glob.ts";

/**
 * The files of a component one by one, those on this machine by where the component sees them. What `exclude_files` names is
 * not among them, wherever it lies below a directory.
 */
export async function includedFiles(
  component: SpinComponent,
  content: ContentFinder,
): Promise<ReadonlyMap<string, string>> {
  const excluded = component.excludeFiles.map(parsePattern);
  const included = new Map<string, string>();
  for (const [guestPath, hostPath] of await findPlaces(component, content)) {
    for (const file of await filesBelow(hostPath)) {
      const path = relative(content.root ?? "/", file).split(sep);
      if (file !== hostPath && excluded.some((pattern) => matchesPattern(pattern, path))) continue;
      included.set(join(guestPath, relative(hostPath, file)), file);
    }
  }
  return included;
}

/** The file itself, or those in a directory and all below it; links are none. Throws `limit-exceeded`. */
async function filesBelow(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  if (entries.length > spinLimits.filesSeenMax) {
    throw new KwasmError("limit-exceeded", `build an image: "${shown(path)}" has too many files`);
  }
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
