import { open } from "node:fs/promises";

import { KwasmError } from "#base";

/** Where a tar archive has its magic word, in all its forms since POSIX.1-1988. */
const TAR_MAGIC_OFFSET = 257;
const TAR_MAGIC = "ustar";

/** gzip (RFC 1952) and zstd (RFC 8878). */
const compressedStarts: readonly Buffer[] = [Buffer.from("1f8b", "hex"), Buffer.from("28b52ffd", "hex")];

/** Whether a file looks like an archive of images, by its first bytes: tar, or what an archive may be packed by. */
export async function isArchive(path: string): Promise<boolean> {
  try {
    await using file = await open(path);
    const start = Buffer.alloc(TAR_MAGIC_OFFSET + TAR_MAGIC.length);
    await file.read(start, 0, start.length, 0);
    const isCompressed = compressedStarts.some((magic) => start.subarray(0, magic.length).equals(magic));
    return isCompressed || start.toString("latin1", TAR_MAGIC_OFFSET) === TAR_MAGIC;
  } catch (error) {
    throw KwasmError.from(error, `read "${path}"`);
  }
}
