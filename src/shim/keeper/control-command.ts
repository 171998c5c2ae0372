import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

import { entryPath, nodeCommand } from "#base";

/**
 * The words that start control, of the version that `current` names now: an upgrade changes what it names. In a layout that
 * is a file with the name of the folder beside it, which brings its own Node and loader; in a checkout it is the link to
 * the newest build. Without it control is of the keeper's own version.
 */
export function controlCommand(current: string | undefined, options: readonly string[]): readonly string[] {
  return [...controlProgram(current), ...options];
}

const nodeFlags = ["--disable-warning=ExperimentalWarning"];

function controlProgram(current: string | undefined): readonly string[] {
  if (current === undefined) {
    return [...nodeCommand(), ...nodeFlags, entryPath(import.meta.url, "../shim-main.ts", "shim.js")];
  }
  if (statSync(current).isDirectory()) return [...nodeCommand(), ...nodeFlags, join(realpathSync(current), "shim.js")];
  const programs = join(dirname(current), readFileSync(current, "utf8").trim());
  return [...nodeOf(programs), ...nodeFlags, join(programs, "shim.js")];
}

/** The stub starts the keeper in the same way. */
function nodeOf(programs: string): readonly string[] {
  const node = join(programs, "bin/node");
  const loaderName = join(programs, "loader");
  if (!existsSync(loaderName)) return [node];
  const libraries = join(programs, "lib");
  const loader = join(libraries, readFileSync(loaderName, "utf8").trim());
  return [loader, "--inhibit-cache", "--library-path", libraries, node];
}
