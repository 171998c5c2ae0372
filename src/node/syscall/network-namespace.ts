import { closeSync, constants, openSync } from "node:fs";

import { attempt, checked, libc } from "./libc.ts";

const CLONE_NEWNET = 0x40000000;

/**
 * Runs `run` inside the network namespace at `path`, a file such as `/var/run/netns/cni-…`; sockets that it opens stay
 * there for good. setns(2) moves the calling thread alone, so `run` must be synchronous: nothing else of this thread
 * sees the other namespace. Throws a typed error where the namespace cannot be entered.
 */
export function runInNetworkNamespace<Result>(path: string, run: () => Result): Result {
  const ownFd = openSync("/proc/thread-self/ns/net", constants.O_RDONLY);
  try {
    attempt(`enter network namespace "${path}"`, () => enter(path));
    try {
      return run();
    } finally {
      comeBack(ownFd);
    }
  } finally {
    closeSync(ownFd);
  }
}

function enter(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    checked("setns", libc.setns(fd, CLONE_NEWNET));
  } finally {
    closeSync(fd);
  }
}

/** A thread that stays in a pod's namespace would open every later socket there: better no process than that. */
function comeBack(ownFd: number): void {
  try {
    checked("setns", libc.setns(ownFd, CLONE_NEWNET));
  } catch {
    process.abort();
  }
}
