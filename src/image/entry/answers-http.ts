import { open } from "node:fs/promises";

import { KwasmError } from "#base";

/** How a component of today begins: its version and layer (component-model, Binary.md). */
const preamble = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);

/** What a component exports that answers HTTP requests, before its version. */
const handler = Buffer.from("wasi:http/incoming-handler@0.2.");

const pieceBytes = 65_536;

/**
 * Whether a file looks like a component that answers HTTP requests: it names the interface. Whether it exports it is
 * for whoever runs it; what a tenant made is not parsed here.
 */
export async function answersHttp(path: string): Promise<boolean> {
  try {
    await using file = await open(path);
    const piece = Buffer.alloc(handler.length + pieceBytes);
    const { bytesRead } = await file.read(piece, 0, preamble.length, 0);
    if (bytesRead < preamble.length || !piece.subarray(0, preamble.length).equals(preamble)) return false;
    return await isIn(file, piece);
  } catch (error) {
    throw KwasmError.from(error, `read "${path}"`);
  }
}

/** Looks piece by piece, with the end of each before the next one. */
async function isIn(file: Awaited<ReturnType<typeof open>>, piece: Buffer): Promise<boolean> {
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(piece, handler.length, pieceBytes, position);
    if (bytesRead === 0) return false;
    if (piece.subarray(0, handler.length + bytesRead).includes(handler)) return true;
    piece.copy(piece, 0, bytesRead, handler.length + bytesRead);
    position += bytesRead;
  }
}
