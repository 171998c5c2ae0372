import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, posix } from "node:path";

import { KwasmError, systemErrorCode } from "#base";

import type { FileOwner, HostFile, HostReader } from "./host.ts";
import { resolveBelow } from "./resolve-path.ts";

/** Configurations have kilobytes; the largest file that is read whole is an old KWasm's shim, of tens of megabytes. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** A name that no `*.toml` of a drop-in folder matches. */
export function scratchNameOf(path: string): string {
  return posix.join(posix.dirname(path), `.${posix.basename(path)}.kwasm-new`);
}

/** The files of a node whose root is at `root`. */
export class HostFiles implements HostReader {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  readFile(path: string): HostFile | undefined {
    const place = this.place(path);
    const stat = statSync(place, { throwIfNoEntry: false });
    if (stat?.isFile() !== true) return undefined;
    if (stat.size > FILE_BYTES_MAX) {
      throw new KwasmError(
        "limit-exceeded",
        `read "${path}" of the node: it has ${String(stat.size)} bytes; move it away`,
      );
    }
    return { content: readFileSync(place), mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
  }

  list(path: string): readonly string[] {
    const place = this.place(path);
    const stat = statSync(place, { throwIfNoEntry: false });
    return stat?.isDirectory() === true ? readdirSync(place).toSorted() : [];
  }

  isThere(path: string): boolean {
    return existsSync(this.place(path));
  }

  readLink(path: string): string | undefined {
    const place = this.placeOfName(path);
    const stat = lstatSync(place, { throwIfNoEntry: false });
    return stat?.isSymbolicLink() === true ? readlinkSync(place) : undefined;
  }

  writeFile(path: string, content: Uint8Array, owner: FileOwner): void {
    const place = this.place(path);
    const scratch = scratchNameOf(place);
    rmSync(scratch, { force: true });
    writeWhole(scratch, content, owner);
    renameSync(scratch, place);
    syncDirectory(dirname(place));
  }

  createFile(path: string, content: Uint8Array): boolean {
    try {
      writeFileSync(this.placeOfName(path), content, { flag: "wx", mode: 0o600 });
      return true;
    } catch (error) {
      if (systemErrorCode(error) === "EEXIST") return false;
      throw error;
    }
  }

  /** A link is removed itself, not what it leads to. */
  removeFile(path: string): void {
    const place = this.placeOfName(path);
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return;
    rmSync(place, { force: true });
    syncDirectory(dirname(place));
  }

  makeDirectory(path: string): void {
    mkdirSync(this.place(path), { recursive: true, mode: 0o755 });
  }

  removeDirectory(path: string): void {
    try {
      rmdirSync(this.place(path));
    } catch (error) {
      // Gone already, or it holds what is not ours.
      if (!["ENOENT", "ENOTEMPTY", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) throw error;
    }
  }

  removeTree(path: string): void {
    rmSync(this.place(path), { recursive: true, force: true });
  }

  copyTree(source: string, path: string): void {
    const place = this.place(path);
    const scratch = join(dirname(place), `.${basename(place)}.kwasm-new`);
    rmSync(scratch, { recursive: true, force: true });
    copyFolder(source, scratch);
    renameSync(scratch, place);
    syncDirectory(dirname(place));
  }

  /** Where a path of the node is for this process. */
  place(path: string): string {
    return resolveBelow(this.root, path);
  }

  /** The same, with a link at the end of the path left as it is. */
  private placeOfName(path: string): string {
    return join(this.place(posix.dirname(path)), posix.basename(path));
  }
}

function writeWhole(path: string, content: Uint8Array, { mode, uid, gid }: FileOwner): void {
  const fd = openSync(path, "wx", 0o600);
  try {
    for (let offset = 0; offset < content.length;) offset += writeSync(fd, content, offset);
    fchownSync(fd, uid, gid);
    // After the owner, whose change takes the set-user-ID bit away.
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Regular files and folders, owned by root as all of a layout is; a layout has nothing else. */
function copyFolder(source: string, target: string): void {
  mkdirSync(target, { mode: 0o755 });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) copyFolder(from, to);
    else if (entry.isFile()) copyOne(from, to);
    else throw noLayout(from);
  }
  syncDirectory(target);
}

function noLayout(path: string): KwasmError {
  return new KwasmError("failed-precondition", `copy "${path}": it is neither file nor folder; make the layout again`);
}

function copyOne(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  chownSync(to, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  chmodSync(to, statSync(from).mode & 0o755);
  syncDirectory(to);
}

/** Works for files too: what counts is that the kernel has written all of it. */
function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
