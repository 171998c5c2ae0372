import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import { KwasmError, systemErrorCode } from "#base";

/** Where a folder of the cache is, made or not. The cache is outside the tree and may be deleted at any time. */
export function cachePath(name: string): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "kwasm", name);
}

/**
 * A folder of the cache, made on its first use: `fill` writes a folder beside it, which is renamed. Of several that make
 * it at once the first wins, the others' is dropped.
 */
export async function openCachedFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const path = cachePath(name);
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const scratch = mkdtempSync(join(dirname(path), ".fetch-"));
  try {
    const filled = join(scratch, "root");
    mkdirSync(filled);
    await fill(filled);
    renameSync(filled, path);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOTEMPTY") throw KwasmError.from(error, `making "${path}"`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return path;
}
