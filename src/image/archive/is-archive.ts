import { open } from "node:fs/promises";

import { KwasmError } from "#base";

import { compressionOf } from "../unpack/compression.ts";

/** Where a tar archive has its magic word, in all its forms since POSIX.1-1988. */
const TAR_MAGIC_OFFSET = 257;
const TAR_MAGIC = "ustar";

/** Whether a file looks like an archive of images, by its first bytes: tar, or what an archive may be packed by. */
export async function isArchive(path: string): Promise<boolean> {
  try {
    await using file = await open(path);
    const start = Buffer.alloc(TAR_MAGIC_OFFSET + TAR_MAGIC.length);
    await file.read(start, 0, start.length, 0);
    return compressionOf(start) !== "none" || start.toString("latin1", TAR_MAGIC_OFFSET) === TAR_MAGIC;
  } catch (error) {
    throw KwasmError.from(error, `read "${path}"`);
  }
}
