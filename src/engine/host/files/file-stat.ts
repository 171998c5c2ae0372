import { type BigIntStats, constants } from "node:fs";
import type { FileStat, FileType } from "./file-types.ts";

const typesOfModes: ReadonlyMap<number, FileType> = new Map<number, FileType>([
  [constants.S_IFBLK, "block-device"],
  [constants.S_IFCHR, "character-device"],
  [constants.S_IFDIR, "directory"],
  [constants.S_IFIFO, "fifo"],
  [constants.S_IFREG, "regular-file"],
  [constants.S_IFSOCK, "socket"],
  [constants.S_IFLNK, "symbolic-link"],
]);

/** The type that the mode bits of a stat stand for. */
export function fileTypeOf(mode: number): FileType {
  return typesOfModes.get(mode & constants.S_IFMT) ?? "unknown";
}

/** A stat of Node as guests get it: owners, modes and block counts of the host stay with the host. */
export function fileStatOf(stat: BigIntStats): FileStat {
  return {
    type: fileTypeOf(Number(stat.mode)),
    device: stat.dev,
    inode: stat.ino,
    linkCount: stat.nlink,
    sizeBytes: stat.size,
    accessedNs: stat.atimeNs,
    modifiedNs: stat.mtimeNs,
    changedNs: stat.ctimeNs,
  };
}

/** Attributes of a directory that only exists in the mount tree. */
export function virtualStat(inode: bigint): FileStat {
  const device = 0n;
  return {
    type: "directory",
    device,
    inode,
    linkCount: 2n,
    sizeBytes: 0n,
    accessedNs: 0n,
    modifiedNs: 0n,
    changedNs: 0n,
  };
}
