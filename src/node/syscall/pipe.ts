import { checked, libc } from "./libc.ts";

const O_CLOEXEC = 0o2000000;
const FIONREAD = 0x541bn;

/** A pipe, both ends closed on exec (pipe(2)). The caller owns both. */
export function createPipe(): { readFd: number; writeFd: number } {
  const pair = new Int32Array(2);
  checked("pipe2", libc.pipe2(pair, O_CLOEXEC));
  return { readFd: pair[0] ?? -1, writeFd: pair[1] ?? -1 };
}

/** How many bytes wait in a pipe or FIFO for its readers (FIONREAD of pipe(7)); either end may be asked. */
export function unreadBytes(descriptor: number): number {
  const count = new Int32Array(1);
  checked("ioctl", libc.ioctl(descriptor, FIONREAD, count));
  return count[0] ?? 0;
}
