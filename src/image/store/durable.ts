import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes what happened in a directory (new names, renames) survive a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
