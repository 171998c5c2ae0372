import type { Directory, DirectoryEntry } from "../host/index.ts";
import type { CallFamily, P1Context } from "./context.ts";
import type { Descriptor } from "./descriptor.ts";
import { errno, P1Error } from "./errno.ts";
import { filetypes, structBytes } from "./layout.ts";
import { asDirectory } from "./resource-of.ts";
import { right } from "./rights.ts";

/** `preopentype`: directories are the only kind. */
const preopenDirectory = 0;

/** How many names are taken from a directory at once; a larger buffer is filled in several goes. */
const entriesPerStepMax = 256;

/** `fd_prestat_get`, `fd_prestat_dir_name`, `fd_readdir`. */
export function directoryCalls({ memory, table }: P1Context): CallFamily {
  return {
    plain: {
      fd_prestat_get(fd: number, result: number) {
        const name = preopenName(table.get(fd));
        memory.clear(result, structBytes.prestat);
        memory.writeU8(result, preopenDirectory);
        memory.writeU32(result + 4, name.length);
        return undefined;
      },
      fd_prestat_dir_name(fd: number, pointer: number, length: number) {
        const name = preopenName(table.get(fd));
        if (name.length > length >>> 0) throw new P1Error(errno.nameTooLong, "name a directory in too small a buffer");
        memory.write(pointer, name);
        return undefined;
      },
      fd_readdir(fd: number, pointer: number, length: number, cookie: bigint, result: number) {
        const { directory } = asDirectory(table.get(fd), right.fdReaddir).resource;
        memory.writeU32(result, 0);
        const used = fillWithEntries(directory, BigInt.asUintN(64, cookie), memory.bytes(pointer, length));
        memory.writeU32(result, used);
        return undefined;
      },
    },
  };
}

/** wasi-libc looks for preopens from 3 on and stops at the first number that answers `badf`. */
function preopenName({ resource }: Descriptor): Uint8Array {
  if (resource.kind === "directory" && resource.preopenPath !== undefined) return Buffer.from(resource.preopenPath);
  throw new P1Error(errno.badDescriptor, "ask for the name of a descriptor that was not preopened");
}

/**
 * Fills `target` with entries behind `cookie` and answers how many bytes are used. An entry that does not fit is cut
 * off at the buffer's end: a full buffer tells the guest that there is more, and wasi-libc asks again from the last
 * whole entry, with a larger buffer if not even one was whole.
 */
function fillWithEntries(directory: Directory, cookie: bigint, target: Uint8Array): number {
  let used = 0;
  let next = cookie;
  while (used < target.length) {
    const entries = directory.entries(next, entriesPerStepMax);
    if (entries.length === 0) break;
    for (const entry of entries) {
      const record = encodeEntry(entry).subarray(0, target.length - used);
      target.set(record, used);
      used += record.length;
      next = entry.cookie;
      if (used === target.length) break;
    }
  }
  return used;
}

/** `dirent` and the name behind it, without a final NUL. */
function encodeEntry(entry: DirectoryEntry): Uint8Array {
  const name = Buffer.from(entry.name);
  const record = Buffer.alloc(structBytes.dirent + name.length);
  record.writeBigUInt64LE(entry.cookie, 0);
  record.writeBigUInt64LE(entry.inode, 8);
  record.writeUInt32LE(name.length, 16);
  record.writeUInt8(filetypes[entry.type], 20);
  name.copy(record, structBytes.dirent);
  return record;
}
