import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, posix } from "node:path";
import { systemErrorCode } from "#base";
import { imageLimits } from "../limits.ts";

/** A regular file of an unpacked image. */
export interface RootFile {
  /** On this machine. */
  readonly path: string;
  /** As the guest names it, links resolved. */
  readonly imagePath: string;
}

/** Finds a regular file under `root`. Links are followed as if `root` were "/", so none leads out of it. */
export function findFile(root: string, imagePath: string): RootFile | undefined {
  const waiting = segmentsOf(imagePath).toReversed();
  let reached = "/";
  let linksLeft = imageLimits.linksFollowedMax;
  let stats: Stats | undefined;
  for (let segment = waiting.pop(); segment !== undefined; segment = waiting.pop()) {
    const next = posix.join(reached, segment);
    stats = statsOf(join(root, next));
    if (stats === undefined) return undefined;
    if (!stats.isSymbolicLink()) {
      reached = next;
      continue;
    }
    if (linksLeft-- === 0) return undefined;
    const target = readlinkSync(join(root, next));
    if (target.startsWith("/")) reached = "/";
    waiting.push(...segmentsOf(target).toReversed());
  }
  return stats?.isFile() === true ? { path: join(root, reached), imagePath: reached } : undefined;
}

/** Paths of all `*.wasm` files of an unpacked image, sorted. */
export async function listModules(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".wasm"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A file where the path needs a directory, or a name that no file can have: nothing is there.
    if (systemErrorCode(error) === "ENOTDIR" || systemErrorCode(error) === "ENAMETOOLONG") return undefined;
    throw error;
  }
}
