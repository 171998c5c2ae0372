import { lstatSync, readlinkSync } from "node:fs";
import { join, posix } from "node:path";

import { KwasmError } from "#base";

/** As many as Linux follows in one path (path_resolution(7)). */
const LINKS_MAX = 40;

/**
 * Where a node's path is below `root`. Links are followed as the node would: an absolute one starts at its root again,
 * so that none leads out of it into the files of this process.
 */
export function resolveBelow(root: string, path: string): string {
  let resolved = "/";
  let links = 0;
  const rest = path.split("/");
  while (rest.length > 0) {
    const name = rest.shift() ?? "";
    if (name === "" || name === ".") continue;
    const next = posix.join(resolved, name);
    const target = name === ".." ? undefined : linkAt(join(root, next));
    if (target === undefined) {
      resolved = next;
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) throw new KwasmError("failed-precondition", `find "${path}": its links lead in a circle`);
    if (target.startsWith("/")) resolved = "/";
    rest.unshift(...target.split("/"));
  }
  return join(root, resolved);
}

function linkAt(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
}
