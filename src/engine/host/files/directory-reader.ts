import { type Dir, type Dirent, opendirSync } from "node:fs";
import { HostError } from "../host-error.ts";
import { descriptorPath } from "./descriptor.ts";
import type { DirectoryEntry, FileType } from "./file-types.ts";
import { hostStat, nodeStat } from "./places.ts";
import { decodeName, type Position } from "./walk.ts";

/** Entries fetched from the kernel by one call, and how many are remembered for a guest that asks again. */
const ENTRIES_READ_AHEAD = 256;

/** Entries passed over to find a cookie again; a guest that jumps about in a larger directory gets `invalid`. */
const ENTRIES_SKIPPED_MAX = 65_536;

/** The directory that a reader lists; `selfInode` is told for `.` and `..`, for the parent stays unknown to a guest. */
interface DirectoryListed {
  readonly position: Position;
  readonly selfInode: bigint;
}

/** An entry before its inode has been looked up. */
interface NameListed {
  readonly name: string;
  readonly type: FileType;
}

/**
 * Streams the names of one directory. A cookie is the count of entries before it: `.` and `..`, then the children in
 * the mount tree, then the host's names in the kernel's order without those that the mount tree hides. The last names
 * given out are kept, since fd_readdir of WASI 0.1 asks again for an entry that did not fit its buffer; going further
 * back starts over. Names that are not UTF-8 are left out: no guest can say them, and one must not hide the others.
 */
export class DirectoryReader implements Disposable {
  readonly #listed: DirectoryListed;
  readonly #leading: readonly NameListed[];
  #stream: Dir | undefined;
  /** The names from index `#windowStart` up to the one that comes next from the kernel. */
  #window: NameListed[] = [];
  #windowStart = 0;
  #ended = false;

  constructor(listed: DirectoryListed) {
    this.#listed = listed;
    this.#leading = leadingNames(listed.position);
    this.#rewind();
  }

  /** At most `entriesMax` entries from index `start`. */
  read(start: number, entriesMax: number): DirectoryEntry[] {
    if (start === 0 || start < this.#windowStart) this.#rewind();
    this.#seek(start);
    const entries: DirectoryEntry[] = [];
    for (let index = start; entries.length < entriesMax; index += 1) {
      const listed = this.#nameAt(index);
      if (listed === undefined) break;
      entries.push({ ...listed, inode: this.#inodeOf(listed.name), cookie: BigInt(index + 1) });
    }
    return entries;
  }

  [Symbol.dispose](): void {
    this.#stream?.closeSync();
    this.#stream = undefined;
  }

  #rewind(): void {
    this[Symbol.dispose]();
    this.#window = [...this.#leading];
    this.#windowStart = 0;
    this.#ended = this.#listed.position.fd === undefined;
  }

  #seek(start: number): void {
    if (start - (this.#windowStart + this.#window.length) > ENTRIES_SKIPPED_MAX) {
      throw new HostError("invalid", `list a directory from entry ${start}: it is not a cookie that was given out`);
    }
    for (let index = this.#windowStart; index < start; index += 1) {
      if (this.#nameAt(index) === undefined) return;
    }
  }

  #nameAt(index: number): NameListed | undefined {
    while (index >= this.#windowStart + this.#window.length && !this.#ended) this.#readNext();
    return this.#window[index - this.#windowStart];
  }

  #readNext(): void {
    this.#stream ??= this.#openStream();
    const entry = this.#stream.readSync();
    if (entry === null) {
      this.#ended = true;
      this[Symbol.dispose]();
      return;
    }
    const name = nameOf(entry);
    if (name === undefined || this.#listed.position.node?.children.has(name) === true) return;
    this.#window.push({ name, type: typeOf(entry) });
    if (this.#window.length > 2 * ENTRIES_READ_AHEAD) this.#forgetHalf();
  }

  #forgetHalf(): void {
    this.#window.splice(0, ENTRIES_READ_AHEAD);
    this.#windowStart += ENTRIES_READ_AHEAD;
  }

  #openStream(): Dir {
    const { fd } = this.#listed.position;
    if (fd === undefined) throw new HostError("io", "list a virtual directory: it has no entries on the host");
    // Node has the encoding "buffer" at run time but not in its types for opendir.
    return opendirSync(descriptorPath(fd), { bufferSize: ENTRIES_READ_AHEAD, encoding: "buffer" as BufferEncoding });
  }

  /** Zero, "unknown" to WASI guests, for a name that is gone again. */
  #inodeOf(name: string): bigint {
    const { position, selfInode } = this.#listed;
    if (name === "." || name === "..") return selfInode;
    const child = position.node?.children.get(name);
    if (child !== undefined) return nodeStat(child, position, name).inode;
    return hostStat(position, name)?.ino ?? 0n;
  }
}

function leadingNames(position: Position): readonly NameListed[] {
  const names: NameListed[] = [
    { name: ".", type: "directory" },
    { name: "..", type: "directory" },
  ];
  for (const [name, child] of position.node?.children ?? []) {
    names.push({ name, type: child.source.kind === "file" ? "regular-file" : "directory" });
  }
  return names;
}

/** The type that the kernel told with the name, as fd_readdir wants it without a stat of each entry. */
function typeOf(entry: Dirent): FileType {
  if (entry.isFile()) return "regular-file";
  if (entry.isDirectory()) return "directory";
  if (entry.isSymbolicLink()) return "symbolic-link";
  if (entry.isFIFO()) return "fifo";
  if (entry.isSocket()) return "socket";
  if (entry.isCharacterDevice()) return "character-device";
  return entry.isBlockDevice() ? "block-device" : "unknown";
}

function nameOf(entry: Dirent): string | undefined {
  const bytes: unknown = entry.name;
  if (!(bytes instanceof Uint8Array)) throw new TypeError("list a directory: its names did not come as bytes");
  try {
    return decodeName(bytes);
  } catch (error) {
    if (error instanceof HostError && error.code === "illegal-byte-sequence") return undefined;
    throw error;
  }
}
