import { dlopen, getInt32 } from "node:ffi";
import { getSystemErrorName } from "node:util";

import { KwasmError } from "#base";

/**
 * The C library's functions that Node itself has no door to. `node:ffi` loads them from the running process, so that
 * glibc and musl both serve. This folder is the only one that calls native code; each wrapper says the man page it
 * follows, passes only buffers that it made itself, and keeps them reachable for the length of the call.
 */
const { functions } = dlopen(null, {
  __errno_location: { arguments: [], return: "pointer" },
  bind: { arguments: ["i32", "pointer", "u32"], return: "i32" },
  clock_gettime: { arguments: ["i32", "pointer"], return: "i32" },
  getsockname: { arguments: ["i32", "pointer", "pointer"], return: "i32" },
  getsockopt: { arguments: ["i32", "i32", "i32", "pointer", "pointer"], return: "i32" },
  ioctl: { arguments: ["i32", "u64", "pointer"], return: "i32" },
  listen: { arguments: ["i32", "i32"], return: "i32" },
  memfd_create: { arguments: ["pointer", "u32"], return: "i32" },
  mmap: { arguments: ["u64", "u64", "i32", "i32", "i32", "i64"], return: "pointer" },
  mount: { arguments: ["pointer", "pointer", "pointer", "u64", "pointer"], return: "i32" },
  pipe2: { arguments: ["pointer", "i32"], return: "i32" },
  prctl: { arguments: ["i32", "u64", "u64", "u64", "u64"], return: "i32" },
  recvmsg: { arguments: ["i32", "pointer", "i32"], return: "i64" },
  sendmsg: { arguments: ["i32", "pointer", "i32"], return: "i64" },
  setresuid: { arguments: ["u32", "u32", "u32"], return: "i32" },
  setns: { arguments: ["i32", "i32"], return: "i32" },
  setsockopt: { arguments: ["i32", "i32", "i32", "pointer", "u32"], return: "i32" },
  socket: { arguments: ["i32", "i32", "i32"], return: "i32" },
  socketpair: { arguments: ["i32", "i32", "i32", "pointer"], return: "i32" },
  syscall: { arguments: ["i64", "u64", "u64", "u64"], return: "i64" },
  umount2: { arguments: ["pointer", "i32"], return: "i32" },
});

export const libc = functions;

/** errno lives at one address per thread; asking for the address again after a call could itself change it. */
const errnoAddress = functions.__errno_location();

/** A system call that failed, with the name of its error as Node spells it (`EADDRINUSE`). */
export class SystemCallError extends Error {
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, errorNumber: number) {
    const code = getSystemErrorName(-errorNumber);
    super(`${code}: ${syscall} failed`);
    this.name = "SystemCallError";
    this.code = code;
    this.syscall = syscall;
  }
}

/** Returns what a system call returned, or throws SystemCallError where it returned -1. */
export function checked(syscall: string, result: number | bigint): number {
  // errno must be read before anything else runs on this thread.
  const errorNumber = getInt32(errnoAddress);
  const value = Number(result);
  if (value < 0) throw new SystemCallError(syscall, errorNumber);
  return value;
}

/** Wraps a system call's failure in a typed error that names the action. */
export function attempt<Result>(action: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw KwasmError.from(error, action);
  }
}
