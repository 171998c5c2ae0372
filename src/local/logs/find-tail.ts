import type { FileHandle } from "node:fs/promises";

const NEWLINE = 0x0a;
const CHUNK_BYTES = 65_536;

/** Where the last `lineCount` lines of a file begin, found from its end, so that a large log costs no more than they do. */
export async function findTail(file: FileHandle, size: number, lineCount: number): Promise<number> {
  if (lineCount === 0) return size;
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let left = lineCount;
  // The last byte ends the last line; it begins none.
  for (let end = size - 1; end > 0; end -= CHUNK_BYTES) {
    const start = Math.max(end - CHUNK_BYTES, 0);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const newlines = newlinesFromEnd(chunk.subarray(0, bytesRead));
    const at = newlines[left - 1];
    if (at !== undefined) return start + at + 1;
    left -= newlines.length;
  }
  return 0;
}

function newlinesFromEnd(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.length - 1; at >= 0; at -= 1) if (bytes[at] === NEWLINE) found.push(at);
  return found;
}
