import type { Advice, FileStat, NewTime, NewTimes } from "../host/index.ts";
import type { CallFamily, P1Context } from "./context.ts";
import { type Descriptor, fileTypeOf } from "./descriptor.ts";
import { errno, P1Error } from "./errno.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { fdflagsAll, fdflagsSettable, filetypes, fstflag, fstflagsAll, structBytes } from "./layout.ts";
import { asFile } from "./resource-of.ts";
import { isWithin, right, rightsFromGuest } from "./rights.ts";

/** `advice` by number. */
const advices: readonly Advice[] = ["normal", "sequential", "random", "will-need", "dont-need", "no-reuse"];

/**
 * `fd_close`, `fd_renumber`, `fd_advise`, `fd_allocate`, `fd_fdstat_get`, `fd_fdstat_set_flags`,
 * `fd_fdstat_set_rights`, `fd_filestat_get`, `fd_filestat_set_size`, `fd_filestat_set_times`.
 */
export function fdMetaCalls(context: P1Context): CallFamily {
  return { plain: { ...tableCalls(context), ...fdstatCalls(context), ...filestatCalls(context) } };
}

function tableCalls({ table }: P1Context) {
  return {
    fd_close(fd: number) {
      table.close(fd);
      return undefined;
    },
    fd_renumber(from: number, to: number) {
      table.renumber(from, to);
      return undefined;
    },
  };
}

function fdstatCalls({ memory, table }: P1Context) {
  return {
    fd_fdstat_get(fd: number, result: number) {
      const { resource, flags, rights } = table.get(fd);
      memory.clear(result, structBytes.fdstat);
      memory.writeU8(result, filetypes[fileTypeOf(resource)]);
      memory.writeU16(result + 2, flags);
      memory.writeU64(result + 8, BigInt(rights.base));
      memory.writeU64(result + 16, BigInt(rights.inheriting));
      return undefined;
    },
    fd_fdstat_set_flags(fd: number, flags: number) {
      const descriptor = table.get(fd);
      descriptor.require(right.fdFdstatSetFlags);
      if (!isWithin(flags, fdflagsAll)) throw new P1Error(errno.invalid, "set flags that do not exist");
      if (((flags ^ descriptor.flags) & ~fdflagsSettable) !== 0) {
        throw new P1Error(errno.notSupported, "change how an open file is synced");
      }
      descriptor.flags = flags;
      return undefined;
    },
    fd_fdstat_set_rights(fd: number, base: bigint, inheriting: bigint) {
      const descriptor = table.get(fd);
      const rights = { base: rightsFromGuest(base), inheriting: rightsFromGuest(inheriting) };
      if (
        !isWithin(rights.base, descriptor.rights.base) ||
        !isWithin(rights.inheriting, descriptor.rights.inheriting)
      ) {
        throw new P1Error(errno.notCapable, "give a descriptor rights that it does not have");
      }
      descriptor.rights = rights;
      return undefined;
    },
  };
}

function filestatCalls({ memory, table }: P1Context) {
  return {
    fd_filestat_get(fd: number, result: number) {
      const descriptor = table.get(fd);
      descriptor.require(right.fdFilestatGet);
      writeFilestat(memory, result, statOf(descriptor));
      return undefined;
    },
    fd_filestat_set_size(fd: number, size: bigint) {
      const { file } = asFile(table.get(fd), right.fdFilestatSetSize, errno.invalid).resource;
      file.setSize(sizeFrom(size));
      return undefined;
    },
    fd_filestat_set_times(fd: number, accessed: bigint, modified: bigint, flags: number) {
      const descriptor = table.get(fd);
      descriptor.require(right.fdFilestatSetTimes);
      const { resource } = descriptor;
      const times = newTimes(accessed, modified, flags);
      if (resource.kind === "file") resource.file.setTimes(times);
      else if (resource.kind === "directory") resource.directory.setTimes(times);
      return undefined;
    },
    fd_advise(fd: number, offset: bigint, length: bigint, advice: number) {
      const { file } = asFile(table.get(fd), right.fdAdvise, errno.invalidSeek).resource;
      const name = advices[advice];
      if (name === undefined) throw new P1Error(errno.invalid, "give advice that does not exist");
      file.advise(sizeFrom(offset), sizeFrom(length), name);
      return undefined;
    },
    fd_allocate(fd: number, offset: bigint, length: bigint) {
      const { file } = asFile(table.get(fd), right.fdAllocate, errno.noDevice).resource;
      file.allocate(sizeFrom(offset), sizeFrom(length));
      return undefined;
    },
  };
}

function sizeFrom(size: bigint): bigint {
  const signed = BigInt.asIntN(64, size);
  if (signed < 0n) throw new P1Error(errno.invalid, "use a size above the largest");
  return signed;
}

/** Attributes of what is open. A stream has a type and nothing else that a guest could use. */
function statOf({ resource }: Descriptor): FileStat {
  if (resource.kind === "file") return resource.file.stat();
  if (resource.kind === "directory") return resource.directory.stat();
  return {
    type: fileTypeOf(resource),
    device: 0n,
    inode: 0n,
    linkCount: 1n,
    sizeBytes: 0n,
    accessedNs: 0n,
    modifiedNs: 0n,
    changedNs: 0n,
  };
}

/** `filestat`. */
export function writeFilestat(memory: GuestMemory, at: number, stat: FileStat): void {
  memory.clear(at, structBytes.filestat);
  memory.writeU64(at, stat.device);
  memory.writeU64(at + 8, stat.inode);
  memory.writeU8(at + 16, filetypes[stat.type]);
  memory.writeU64(at + 24, stat.linkCount);
  memory.writeU64(at + 32, stat.sizeBytes);
  memory.writeU64(at + 40, timestamp(stat.accessedNs));
  memory.writeU64(at + 48, timestamp(stat.modifiedNs));
  memory.writeU64(at + 56, timestamp(stat.changedNs));
}

/** `timestamp` is unsigned: a file from before 1970 is shown as of 1970. */
function timestamp(ns: bigint): bigint {
  return ns < 0n ? 0n : ns;
}

/** The times that `fstflags` ask to set. */
export function newTimes(accessed: bigint, modified: bigint, flags: number): NewTimes {
  if (!isWithin(flags, fstflagsAll)) throw new P1Error(errno.invalid, "set times by flags that do not exist");
  return {
    accessed: newTime(accessed, (flags & fstflag.accessed) !== 0, (flags & fstflag.accessedNow) !== 0),
    modified: newTime(modified, (flags & fstflag.modified) !== 0, (flags & fstflag.modifiedNow) !== 0),
  };
}

function newTime(ns: bigint, isGiven: boolean, isNow: boolean): NewTime {
  if (isGiven && isNow) throw new P1Error(errno.invalid, "set a time to two values at once");
  if (isNow) return "now";
  return isGiven ? BigInt.asUintN(64, ns) : "keep";
}
