import { renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";

/** What the attacking thread is given. */
export interface AttackerData {
  /** Holds `granted` and `outside`; see symlink-attack.ts for the layout. */
  readonly scratch: string;
  /** One Int32: the attack ends when it is no longer zero. */
  readonly stop: Int32Array;
}

/** Swaps what the victim walks through for symlinks that lead outside, as fast as one thread can. */
function attack({ scratch, stop }: AttackerData): number {
  const granted = join(scratch, "granted");
  const outside = join(scratch, "outside");
  symlinkSync("../outside", join(granted, "escape"));
  symlinkSync("../../outside/secret", join(granted, "file-escape"));
  let swaps = 0;
  for (; Atomics.load(stop, 0) === 0; swaps += 1) {
    swapDirectory(granted);
    swapFile(granted);
    renameSync(join(granted, "moving"), join(outside, "moving"));
    renameSync(join(outside, "moving"), join(granted, "moving"));
  }
  return swaps;
}

/** `swapped` is a directory, then a symlink to the outside, then the directory again. */
function swapDirectory(granted: string): void {
  renameSync(join(granted, "swapped"), join(granted, "parked"));
  renameSync(join(granted, "escape"), join(granted, "swapped"));
  renameSync(join(granted, "swapped"), join(granted, "escape"));
  renameSync(join(granted, "parked"), join(granted, "swapped"));
}

/** `files/secret` is a file, then at once a symlink to the outside's, then at once a file. */
function swapFile(granted: string): void {
  const file = join(granted, "files", "secret");
  const link = join(granted, "file-escape");
  renameSync(file, join(granted, "file-parked"));
  renameSync(link, file);
  renameSync(file, link);
  renameSync(join(granted, "file-parked"), file);
}

function isAttackerData(data: unknown): data is AttackerData {
  return typeof data === "object" && data !== null && "scratch" in data && "stop" in data;
}

if (parentPort !== null && isAttackerData(workerData)) {
  parentPort.postMessage("attacking");
  parentPort.postMessage(attack(workerData));
}
