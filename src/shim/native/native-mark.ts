import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { systemErrorCode } from "#base";

/** In which file the stub reads how to end a native task when the process that looked after it is gone. */
export const MARK = "native-shim";

/** How a native task is ended without those who look after it; read by containerd-shim-kwasm-v1 too, a line a field. */
export interface NativeMark {
  /** The program that runs it. */
  readonly shim: string;
  readonly shimPid: number;
  /** Path of that program's socket. */
  readonly socket: string;
  /** Id and start time of the process that looks after it. */
  readonly owner: string;
}

/** Throws `ENOENT` where the folder is gone: a bundle is containerd's to make. */
export function writeMark(folder: string, { shim, shimPid, socket, owner }: NativeMark): void {
  writeFileSync(join(folder, MARK), `${shim}\n${String(shimPid)}\n${socket}\n${owner}\n`);
}

/** Undefined where there is none, or not all of it. */
export function readMark(folder: string): NativeMark | undefined {
  try {
    const [shim, shimPid, socket, owner, end] = readFileSync(join(folder, MARK), "utf8").split("\n");
    if (shim === undefined || socket === undefined || owner === undefined || end !== "") return undefined;
    return { shim, shimPid: Number(shimPid), socket, owner };
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}
