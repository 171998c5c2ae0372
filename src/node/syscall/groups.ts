import { getRawPointer } from "node:ffi";

import { KwasmError } from "#base";

import { attempt, checked, libc } from "./libc.ts";

const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;

/** Numbers of system calls (syscall(2)); the C library's own functions would change every thread of the process. */
const systemCalls = {
  x64: { getgroups: 115n, setgroups: 116n, setresgid: 119n },
  arm64: { getgroups: 158n, setgroups: 159n, setresgid: 149n },
} as const;

/** The kernel's limit of a process's groups (NGROUPS_MAX of limits.h). */
const GROUPS_MAX = 65_536;

export interface GroupIds {
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

/**
 * Runs `start`, whose child processes have those groups; the calling thread has them meanwhile and no other thread ever
 * (the kernel keeps groups by the thread). `start` must be synchronous.
 */
export function withGroupsOfChildren<Result>(groups: GroupIds, start: () => Result): Result {
  const own: GroupIds = { gid: process.getegid?.() ?? 0, additionalGids: readAdditionalGids() };
  // The kernel forgets it at each change of a group, and control's own folder in /proc would be closed to its peers.
  const dumpable = checked("prctl", libc.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n));
  try {
    attempt(`take the groups "${String([groups.gid, ...groups.additionalGids])}", which needs root`, () =>
      setGroups(groups),
    );
    return start();
  } finally {
    comeBack(own);
    checked("prctl", libc.prctl(PR_SET_DUMPABLE, BigInt(dumpable), 0n, 0n, 0n));
  }
}

function setGroups({ gid, additionalGids }: GroupIds): void {
  const calls = callsOfMachine();
  const list = listOf(additionalGids.length);
  list.set(additionalGids);
  checked("setgroups", libc.syscall(calls.setgroups, BigInt(additionalGids.length), getRawPointer(list), 0n));
  checked("setresgid", libc.syscall(calls.setresgid, BigInt(gid), BigInt(gid), BigInt(gid)));
}

/** Node's own answer would have the process's group among them, which the kernel keeps apart. */
function readAdditionalGids(): readonly number[] {
  const list = listOf(GROUPS_MAX);
  const { getgroups } = callsOfMachine();
  const count = checked("getgroups", libc.syscall(getgroups, BigInt(GROUPS_MAX), getRawPointer(list), 0n));
  return [...list.subarray(0, count)];
}

/** An explicit buffer: a small typed array may live in V8's heap, where the collector moves it. */
function listOf(count: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(new ArrayBuffer(Math.max(1, count) * Uint32Array.BYTES_PER_ELEMENT));
}

function callsOfMachine(): (typeof systemCalls)[keyof typeof systemCalls] {
  if (process.arch === "x64" || process.arch === "arm64") return systemCalls[process.arch];
  throw new KwasmError("unsupported", `start a process with groups of its own on "${process.arch}"`);
}

/** A thread that keeps a guest's groups would hand them to the next guest: better no process than that. */
function comeBack(own: GroupIds): void {
  try {
    setGroups(own);
  } catch {
    process.abort();
  }
}
