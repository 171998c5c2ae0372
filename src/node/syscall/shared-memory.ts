import { ftruncateSync } from "node:fs";
import { toArrayBuffer } from "node:ffi";

import { checked, libc, SystemCallError } from "./libc.ts";

const MFD_CLOEXEC = 1;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
/** What mmap returns where it fails: (void *) -1. */
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** An anonymous file in memory, zeroed, that another process may map once it has the descriptor (memfd_create(2)). */
export function createSharedMemory(name: string, bytes: number): number {
  const fd = checked("memfd_create", libc.memfd_create(Buffer.from(`${name}\0`), MFD_CLOEXEC));
  ftruncateSync(fd, bytes);
  return fd;
}

/**
 * Maps shared memory for the rest of the process's life; it is never unmapped, because a typed array over an unmapped
 * page would end the process. The mapping outlives the descriptor.
 */
export function mapSharedMemory(fd: number, bytes: number): Int32Array<ArrayBuffer> {
  const address = libc.mmap(0n, BigInt(bytes), PROT_READ_WRITE, MAP_SHARED, fd, 0n);
  if (address === MAP_FAILED) throw new SystemCallError("mmap", 0);
  return new Int32Array(toArrayBuffer(address, bytes, false));
}
