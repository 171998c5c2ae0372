/** Numbers and struct sizes of wasi_snapshot_preview1 (its witx), for the families of calls that share them. */

import type { FileType } from "../host/index.ts";

/** `filetype`. There is none for a pipe, which is "unknown" as it is in other runtimes. */
export const filetypes: Readonly<Record<FileType, number>> = {
  unknown: 0,
  fifo: 0,
  "block-device": 1,
  "character-device": 2,
  directory: 3,
  "regular-file": 4,
  "datagram-socket": 5,
  socket: 6,
  "symbolic-link": 7,
};

/** `fdflags`. */
export const fdflag = { append: 1, datasync: 2, nonblock: 4, readSync: 8, sync: 16 } as const;
export const fdflagsAll = 31;
/** Those that can be set on an open descriptor, as `fcntl(F_SETFL)` of Linux has it; the others hold from its opening. */
export const fdflagsSettable = fdflag.append | fdflag.nonblock;

/** `oflags`. */
export const oflag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
export const oflagsAll = 15;

/** `lookupflags`. */
export const lookupSymlinkFollow = 1;

/** `fstflags`. */
export const fstflag = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const;
export const fstflagsAll = 15;

/** `whence`. */
export const whence = { set: 0, current: 1, end: 2 } as const;

/** `clockid`. */
export const clockid = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const;

/** `eventtype`. */
export const eventtype = { clock: 0, fdRead: 1, fdWrite: 2 } as const;

/** Sizes of structs in bytes. */
export const structBytes = {
  iovec: 8,
  prestat: 8,
  dirent: 24,
  fdstat: 24,
  event: 32,
  subscription: 48,
  filestat: 64,
} as const;
