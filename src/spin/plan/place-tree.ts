import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { KwasmError, systemErrorCode } from "#base";
import type { SpinContent } from "../application.ts";
import { shown } from "../table.ts";

/** A file of a component, as a locked application lists it. */
export interface ListedFile {
  readonly content: SpinContent;
  /** Where the component sees it: relative, or from the root on. */
  readonly path: string;
}

interface TreeOptions {
  /** Where trees are kept; the caller's. */
  readonly directory: string;
  /** The file that has some content. */
  readonly find: (content: SpinContent) => Promise<string>;
}

/**
 * Lays out the files of a component in a directory, once: a mount for each of them would be a descriptor for each. The
 * directory appears whole. Contents are linked where that is possible. Throws `invalid-argument` for paths that are none.
 */
export async function placeTree(files: readonly ListedFile[], { directory, find }: TreeOptions): Promise<string> {
  const found: (readonly [path: string, source: string])[] = [];
  for (const { path, content } of files) found.push([treePathOf(path), await find(content)]);
  const place = join(directory, `files-${createHash("sha256").update(JSON.stringify(found)).digest("hex")}`);
  if (existsSync(place)) return place;
  const partial = mkdtempSync(join(directory, "files-"));
  try {
    // A cell may be of another user.
    chmodSync(partial, 0o755);
    for (const [path, source] of found) placeFile(source, join(partial, path), path);
    moveInPlace(partial, place);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return place;
}

function treePathOf(path: string): string {
  const normalised = posix.join("/", path);
  if (normalised !== "/" && !normalised.endsWith("/") && !normalised.includes("\0")) return normalised.slice(1);
  throw new KwasmError("invalid-argument", `place "${shown(path)}" of a Spin application: it is no path of a file`);
}

function placeFile(source: string, target: string, path: string): void {
  try {
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { force: true });
    link(source, target);
  } catch (error) {
    throw KwasmError.from(error, `place "${shown(path)}" of a Spin application`);
  }
}

function link(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch (error) {
    // Of another file system, of another user, or with too many names.
    if (!["EXDEV", "EPERM", "EMLINK"].includes(systemErrorCode(error) ?? "")) throw error;
    copyFileSync(source, target);
  }
}

/** Another process may have been faster; its directory is as good. */
function moveInPlace(partial: string, place: string): void {
  try {
    renameSync(partial, place);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}
