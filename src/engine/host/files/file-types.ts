import type { DescriptorBudget } from "./descriptor-budget.ts";

/** What a name stands for, as wasi:filesystem/types 0.2 `descriptor-type` names it. */
export type FileType =
  | "block-device"
  | "character-device"
  | "directory"
  | "fifo"
  | "regular-file"
  | "socket"
  | "datagram-socket"
  | "symbolic-link"
  | "unknown";

/** Attributes of one file; times are nanoseconds since 1970. */
export interface FileStat {
  readonly type: FileType;
  readonly device: bigint;
  readonly inode: bigint;
  readonly linkCount: bigint;
  readonly sizeBytes: bigint;
  readonly accessedNs: bigint;
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** A time to set: leave it, take the kernel's clock, or nanoseconds since 1970. */
export type NewTime = "keep" | "now" | bigint;

export interface NewTimes {
  readonly accessed: NewTime;
  readonly modified: NewTime;
}

/** How openAt opens; everything left out is false. `append` and `truncate` do not imply `write`. */
export interface OpenOptions {
  /** Follow a symlink in the last segment. Symlinks before it are always followed. */
  readonly followFinal?: boolean;
  readonly mustBeDirectory?: boolean;
  readonly create?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
  readonly read?: boolean;
  readonly write?: boolean;
  readonly append?: boolean;
  readonly sync?: boolean;
  readonly dataSync?: boolean;
  readonly nonBlock?: boolean;
}

/** One name of a directory. `cookie` goes back into `entries` to continue behind this entry; 0n is the start. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: FileType;
  readonly inode: bigint;
  readonly cookie: bigint;
}

/** Access pattern announced by a guest, as wasi:filesystem/types 0.2 `advice`. */
export type Advice = "normal" | "sequential" | "random" | "will-need" | "dont-need" | "no-reuse";

/** What both kinds of open file share. Every method throws HostError; `close` never throws and may be repeated. */
interface OpenedNode extends Disposable {
  /** True when every mutating call ends in `read-only`. */
  readonly readOnly: boolean;
  stat(): FileStat;
  setTimes(times: NewTimes): void;
  /** Resolves when data and attributes are on the disk; runs beside the thread, for a flush may take seconds. */
  sync(): Promise<void>;
  /** As sync, without attributes that are not needed to read the data back. */
  dataSync(): Promise<void>;
  close(): void;
}

/** An open regular file. Positions belong to the front end: each call names its offset. */
export interface RegularFile extends OpenedNode {
  readonly kind: "regular-file";
  readonly options: OpenOptions;
  /** Fills `buffer` from `offsetBytes`; returns the count, which may be short, and 0 at the end. */
  readAt(buffer: Uint8Array, offsetBytes: bigint): number;
  /** Writes from `buffer` at `offsetBytes`; returns the count, which may be short. */
  writeAt(buffer: Uint8Array, offsetBytes: bigint): number;
  /** Writes at the end of the file, atomically against other appenders; returns the count. */
  append(buffer: Uint8Array): number;
  setSize(sizeBytes: bigint): void;
  /** Always `unsupported`, for node:fs cannot reserve blocks and a promise of space must not be made up. */
  allocate(offsetBytes: bigint, lengthBytes: bigint): void;
  /** Checks its arguments and does nothing more: advice changes no outcome. */
  advise(offsetBytes: bigint, lengthBytes: bigint, advice: Advice): void;
}

/**
 * An open directory, and a sandbox of its own: a path given to it can name nothing outside it. `..` above it and
 * absolute paths are `not-permitted`.
 */
export interface Directory extends OpenedNode {
  readonly kind: "directory";
  openAt(path: string, options: OpenOptions): Directory | RegularFile;
  statAt(path: string, followFinal: boolean): FileStat;
  setTimesAt(path: string, followFinal: boolean, times: NewTimes): void;
  createDirectoryAt(path: string): void;
  removeDirectoryAt(path: string): void;
  unlinkFileAt(path: string): void;
  renameAt(path: string, newDirectory: Directory, newPath: string): void;
  linkAt(path: string, followFinal: boolean, newDirectory: Directory, newPath: string): void;
  symlinkAt(target: string, path: string): void;
  readLinkAt(path: string): string;
  /** The names behind `cookie`, at most `entriesMax` of them, with `.` and `..` first. Empty at the end. */
  entries(cookie: bigint, entriesMax: number): readonly DirectoryEntry[];
}

/** One thing granted to a guest. `fd` is a directory or a regular file, best opened with O_PATH. */
export interface Mount {
  readonly guestPath: string;
  readonly fd: number;
  readonly readOnly: boolean;
}

/** What a guest sees of the host's files. Closing it closes every handle that came out of it. */
export interface MountTree extends Disposable {
  /** Where the guest sees the root: `/` for a tree of mounts, as granted for a single directory. */
  readonly guestPath: string;
  /** A new handle of the root; the caller closes it. */
  openRoot(): Directory;
  /**
   * The same files for one more user: what is opened through it counts in `budget` and is closed with it. It must be
   * closed before this one.
   */
  view(budget: DescriptorBudget): MountTree;
  close(): void;
}
