import { constants, linkSync, lstatSync, mkdirSync, readdirSync, rmSync, type Stats, symlinkSync } from "node:fs";
import { chmod, open } from "node:fs/promises";
import { join } from "node:path";
import type { UnpackBudget } from "./budget.ts";
import { makeLinkTarget, refuse, splitEntryName } from "./entry-name.ts";

/** Read, write, execute: setuid, setgid and sticky bits of an image mean nothing to a guest and are dropped. */
const PERMISSION_BITS = 0o777;

/** Without these, whoever unpacks as an ordinary user could not read, extend or remove what was unpacked. */
const OWNER_FILE_BITS = 0o600;
const OWNER_DIRECTORY_BITS = 0o700;

/**
 * Writes the entries of one layer below a root directory that belongs to this process alone. Every parent of an entry
 * is looked at before it is used, and a symbolic link among them is refused: nothing is ever written through a link.
 */
export class RootWriter {
  readonly #root: string;
  readonly #budget: UnpackBudget;
  /** Paths that this layer wrote, with all their parents; whiteouts leave them alone. */
  readonly #written = new Set<string>();

  constructor(root: string, budget: UnpackBudget) {
    this.#root = root;
    this.#budget = budget;
  }

  split(name: string): readonly string[] {
    return splitEntryName(name, this.#budget.limits);
  }

  async writeDirectory(segments: readonly string[], mode: number): Promise<void> {
    if (segments.length === 0) return;
    const path = this.#claim(segments);
    if (statsOf(path)?.isDirectory() !== true) {
      rmSync(path, { force: true });
      mkdirSync(path);
    }
    await chmod(path, (mode & PERMISSION_BITS) | OWNER_DIRECTORY_BITS);
  }

  async writeFile(segments: readonly string[], mode: number, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#replace(segments);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    await using file = await open(path, flags, (mode & PERMISSION_BITS) | OWNER_FILE_BITS);
    for await (const chunk of content) await file.writeFile(chunk);
  }

  writeSymbolicLink(segments: readonly string[], target: string): void {
    const safeTarget = makeLinkTarget(segments, target, this.#budget.limits);
    symlinkSync(safeTarget, this.#replace(segments));
  }

  writeHardLink(segments: readonly string[], targetName: string): void {
    const target = this.split(targetName);
    const targetPath = join(this.#root, ...target);
    this.#checkParents(target);
    if (statsOf(targetPath)?.isFile() !== true) {
      throw refuse(segments.join("/"), `it is a hard link to "${targetName}", which is no file of the image`);
    }
    if (target.join("/") === segments.join("/")) return;
    linkSync(targetPath, this.#replace(segments));
  }

  /** Whiteout: removes a path of lower layers, and what they have below it. */
  hide(segments: readonly string[]): void {
    this.#checkParents(segments);
    this.#removeLower(segments);
  }

  /** Opaque whiteout: removes what lower layers have in a directory. */
  hideChildren(segments: readonly string[]): void {
    this.#checkParents([...segments, ""]);
    const path = join(this.#root, ...segments);
    if (statsOf(path) === undefined) return;
    for (const child of readdirSync(path)) this.#removeLower([...segments, child]);
  }

  #removeLower(segments: readonly string[]): void {
    const path = join(this.#root, ...segments);
    if (!this.#written.has(segments.join("/"))) {
      rmSync(path, { recursive: true, force: true });
    } else if (statsOf(path)?.isDirectory() === true) {
      for (const child of readdirSync(path)) this.#removeLower([...segments, child]);
    }
  }

  /** As claim; what is at the path already, from a lower layer or an earlier entry, makes way. */
  #replace(segments: readonly string[]): string {
    if (segments.length === 0) throw refuse("/", "only a directory can be the root");
    const path = this.#claim(segments);
    rmSync(path, { recursive: true, force: true });
    return path;
  }

  #claim(segments: readonly string[]): string {
    this.#budget.takeEntry();
    this.#checkParents(segments);
    segments.forEach((_, at) => this.#written.add(segments.slice(0, at + 1).join("/")));
    return join(this.#root, ...segments);
  }

  /** Makes the parents of a path that are absent; layers need not list them. */
  #checkParents(segments: readonly string[]): void {
    let path = this.#root;
    for (const parent of segments.slice(0, -1)) {
      path = join(path, parent);
      const stats = statsOf(path);
      if (stats === undefined) {
        this.#budget.takeEntry();
        mkdirSync(path);
      } else if (!stats.isDirectory()) {
        throw refuse(segments.join("/"), `its parent "${parent}" is no directory but a link or file`);
      }
    }
  }
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
