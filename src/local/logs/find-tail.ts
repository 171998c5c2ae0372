import type { FileHandle } from "node:fs/promises";

const NEWLINE = 0x0a;
const CHUNK_BYTES = 65_536;

/** Where the last `lineCount` lines of a file begin, found from its end, so that a large log costs no more than they do. */
export async function findTail(file: FileHandle, size: number, lineCount: number): Promise<number> {
  if (lineCount === 0) return size;
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let found = 0;
  // The last byte ends the last line; it begins none.
  for (let end = size - 1; end > 0;) {
    const start = Math.max(end - CHUNK_BYTES, 0);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    for (let at = chunk.lastIndexOf(NEWLINE, bytesRead - 1); at >= 0 && bytesRead > 0; at = lastBefore(chunk, at)) {
      found += 1;
      if (found === lineCount) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** `lastIndexOf` takes a negative start as one from the end, so the beginning needs a word of its own. */
function lastBefore(chunk: Buffer, at: number): number {
  return at === 0 ? -1 : chunk.lastIndexOf(NEWLINE, at - 1);
}
