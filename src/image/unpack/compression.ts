import { open } from "node:fs/promises";
import type { Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";

export type Compression = "none" | "gzip" | "zstd";

const MAGIC_BYTES = 4;

/**
 * How content is compressed, by its first bytes: gzip (RFC 1952) and zstd (RFC 8878). Media types are not asked, as
 * containerd (archive/compression) and podman do not: what skopeo copies of docker's archives into a registry that has the
 * layer already is called gzip and is none.
 */
export function compressionOf(start: Uint8Array): Compression {
  const magic = Buffer.from(start.subarray(0, MAGIC_BYTES)).toString("hex");
  if (magic.startsWith("1f8b")) return "gzip";
  return magic === "28b52ffd" ? "zstd" : "none";
}

export async function compressionOfFile(path: string): Promise<Compression> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
  return compressionOf(buffer.subarray(0, bytesRead));
}

/** What undoes it; nothing where there is nothing to undo. */
export function decompressors(compression: Compression): readonly Transform[] {
  if (compression === "gzip") return [createGunzip()];
  return compression === "zstd" ? [createZstdDecompress()] : [];
}
