import { checked, libc } from "./libc.ts";

const O_CLOEXEC = 0o2000000;

/** A pipe, both ends closed on exec (pipe(2)). The caller owns both. */
export function createPipe(): { readFd: number; writeFd: number } {
  const pair = new Int32Array(2);
  checked("pipe2", libc.pipe2(pair, O_CLOEXEC));
  return { readFd: pair[0] ?? -1, writeFd: pair[1] ?? -1 };
}
