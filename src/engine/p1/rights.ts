/**
 * `rights` of wasi_snapshot_preview1. The 30 known ones fit a JavaScript number, which is what a descriptor keeps;
 * bits above them name nothing and are ignored.
 */
export const right = {
  fdDatasync: 1 << 0,
  fdRead: 1 << 1,
  fdSeek: 1 << 2,
  fdFdstatSetFlags: 1 << 3,
  fdSync: 1 << 4,
  fdTell: 1 << 5,
  fdWrite: 1 << 6,
  fdAdvise: 1 << 7,
  fdAllocate: 1 << 8,
  pathCreateDirectory: 1 << 9,
  pathCreateFile: 1 << 10,
  pathLinkSource: 1 << 11,
  pathLinkTarget: 1 << 12,
  pathOpen: 1 << 13,
  fdReaddir: 1 << 14,
  pathReadlink: 1 << 15,
  pathRenameSource: 1 << 16,
  pathRenameTarget: 1 << 17,
  pathFilestatGet: 1 << 18,
  pathFilestatSetSize: 1 << 19,
  pathFilestatSetTimes: 1 << 20,
  fdFilestatGet: 1 << 21,
  fdFilestatSetSize: 1 << 22,
  fdFilestatSetTimes: 1 << 23,
  pathSymlink: 1 << 24,
  pathRemoveDirectory: 1 << 25,
  pathUnlinkFile: 1 << 26,
  pollFdReadwrite: 1 << 27,
  sockShutdown: 1 << 28,
  sockAccept: 1 << 29,
} as const;

const knownRights = (1n << 30n) - 1n;

/** A set of rights as a guest passes it. */
export function rightsFromGuest(rights: bigint): number {
  return Number(rights & knownRights);
}

/** Whether `wanted` asks for nothing beyond `held`. */
export function isWithin(wanted: number, held: number): boolean {
  return (wanted & ~held) === 0;
}

/** What is ever allowed on a regular file. */
export const fileRights =
  right.fdDatasync |
  right.fdRead |
  right.fdSeek |
  right.fdFdstatSetFlags |
  right.fdSync |
  right.fdTell |
  right.fdWrite |
  right.fdAdvise |
  right.fdAllocate |
  right.fdFilestatGet |
  right.fdFilestatSetSize |
  right.fdFilestatSetTimes |
  right.pollFdReadwrite;

/** What is ever allowed on a directory. No right to seek: wasi-libc takes a seekable descriptor for a file. */
export const directoryRights =
  right.fdFdstatSetFlags |
  right.fdSync |
  right.fdDatasync |
  right.fdReaddir |
  right.fdFilestatGet |
  right.fdFilestatSetTimes |
  right.pathCreateDirectory |
  right.pathCreateFile |
  right.pathLinkSource |
  right.pathLinkTarget |
  right.pathOpen |
  right.pathReadlink |
  right.pathRenameSource |
  right.pathRenameTarget |
  right.pathFilestatGet |
  right.pathFilestatSetSize |
  right.pathFilestatSetTimes |
  right.pathSymlink |
  right.pathRemoveDirectory |
  right.pathUnlinkFile;

/**
 * What may be opened under a preopened directory. The same for a read-only grant: rights say which calls a guest may
 * make, and Rust's standard library asks for most of them even to read a file, so a grant without them would open
 * nothing. Writing through it is refused by the files themselves, with the errno of a read-only file system.
 */
export const preopenInheritingRights = directoryRights | fileRights;

const streamRights = right.fdFdstatSetFlags | right.fdFilestatGet | right.pollFdReadwrite;

/** No right to seek or tell either: a character device without these two is what wasi-libc's `isatty` calls a terminal. */
export const inputRights = streamRights | right.fdRead;
export const outputRights = streamRights | right.fdWrite;
export const connectionRights = inputRights | outputRights | right.sockShutdown;
export const listenerRights = streamRights | right.fdRead | right.sockAccept;
