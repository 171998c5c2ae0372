import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Replaces `path` with `content` so that a reader, or the machine after a power cut, sees the old bytes or the new
 * ones and nothing between. Order: write a sibling, fsync it, rename it over, fsync the directory; a rename that is
 * not followed by the directory's fsync may be forgotten. Throws Node's own errors; the sibling is removed then.
 */
export function writeFileAtomic(path: string, content: string | Uint8Array, mode = 0o644): void {
  const sibling = `${path}.${process.pid}.tmp`;
  try {
    writeWhole(sibling, content, mode);
    renameSync(sibling, path);
  } catch (error) {
    rmSync(sibling, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

function writeWhole(path: string, content: string | Uint8Array, mode: number): void {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const fd = openSync(path, "w", mode);
  try {
    for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
