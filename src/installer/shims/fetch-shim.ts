import { createHash } from "node:crypto";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";

import { KwasmError, systemErrorCode } from "#base";

import type { ShimRequest } from "./shim-request.ts";

export interface ShimLimits {
  readonly archiveBytesMax: number;
  readonly programBytesMax: number;
  readonly unpackedBytesMax: number;
  readonly entriesMax: number;
  readonly fetchMsMax: number;
}

export const shimLimits: ShimLimits = {
  /** Released shims have 10 to 60 MB; an archive is held in memory. */
  archiveBytesMax: 256 * 2 ** 20,
  programBytesMax: 512 * 2 ** 20,
  /** Of all that comes before the program in the archive and after it. */
  unpackedBytesMax: 1024 * 2 ** 20,
  /** A program, a licence, a readme. */
  entriesMax: 1_000,
  fetchMsMax: 300_000,
};

export interface ShimProgram {
  readonly fileName: string;
  readonly content: Buffer;
}

/** What became of an archive that is not taken: one word for conditions, and the sentence. */
export class ShimRefused extends KwasmError {
  readonly reason: "ArchiveUnreachable" | "DigestMismatch" | "ArchiveRefused";

  constructor(reason: ShimRefused["reason"], message: string, options?: ErrorOptions) {
    super("failed-precondition", message, options);
    this.reason = reason;
  }
}

/**
 * Fetches the archive of a shim and takes its program out. The digest is compared before a byte is unpacked, and nothing
 * of the archive becomes a path of the node.
 */
export async function fetchShim(request: ShimRequest, limits: ShimLimits = shimLimits): Promise<ShimProgram> {
  const archive = await fetchArchive(request.url, limits);
  const actual = createHash("sha256").update(archive).digest("hex");
  if (actual !== request.sha256) {
    const reason = `its sha256 is "${actual}", not "${request.sha256}"; correct the digest if the archive is the right one`;
    throw new ShimRefused("DigestMismatch", `fetch "${request.url}": ${reason}`);
  }
  return unpackShim(archive, request.url, limits);
}

async function fetchArchive(url: string, limits: ShimLimits): Promise<Buffer> {
  const unreachable = (reason: string, cause?: unknown): ShimRefused =>
    new ShimRefused("ArchiveUnreachable", `fetch "${url}": ${reason}`, { cause });
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(limits.fetchMsMax) });
    if (!response.ok) throw unreachable(`the server answers ${String(response.status)}; see the address`);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    // A body is a stream of bytes (Fetch's standard), which its type does not say.
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > limits.archiveBytesMax) throw refused(url, "it is larger than an archive of a shim may be");
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof KwasmError) throw error;
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    throw unreachable(systemErrorCode(cause) ?? String(cause), error);
  }
}

async function unpackShim(archive: Buffer, url: string, limits: ShimLimits): Promise<ShimProgram> {
  const found: ShimProgram[] = [];
  const budget = { bytes: limits.unpackedBytesMax, entries: limits.entriesMax };
  try {
    const entries = extract();
    const unpacked = pipeline(Readable.from([archive]), createGunzip(), entries);
    const read = async (): Promise<void> => {
      for await (const entry of entries) {
        budget.entries -= 1;
        budget.bytes -= entry.header.size;
        const isTooMuch = budget.entries < 0 || budget.bytes < 0;
        if (isTooMuch) throw refused(url, "it has more in it than an archive of a shim may");
        const program = await readEntry(entry, url, limits);
        if (program !== undefined) found.push(program);
      }
    };
    await Promise.all([read(), unpacked]);
  } catch (error) {
    if (error instanceof KwasmError) throw error;
    throw refused(url, `it is no .tar.gz: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  const [program, second] = found;
  if (program !== undefined && second === undefined) return program;
  throw refused(url, `it has ${String(found.length)} files "containerd-shim-*" and should have one`);
}

async function readEntry(
  entry: AsyncIterable<unknown> & { readonly header: Header; resume(): unknown },
  url: string,
  limits: ShimLimits,
): Promise<ShimProgram | undefined> {
  const { name, type, size } = entry.header;
  if (name.startsWith("/") || name.split("/").includes("..")) throw refused(url, `its entry "${name}" leads out of it`);
  const fileName = posix.basename(name);
  if (!/^containerd-shim-[A-Za-z0-9_-]{1,64}$/u.test(fileName)) {
    entry.resume();
    return undefined;
  }
  if (type !== "file") throw refused(url, `its entry "${name}" is a ${type} and should be a file`);
  if (size > limits.programBytesMax) throw refused(url, `its program "${name}" is larger than a shim may be`);
  const chunks: Buffer[] = [];
  for await (const chunk of entry) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return { fileName, content: Buffer.concat(chunks) };
}

function refused(url: string, reason: string, cause?: unknown): ShimRefused {
  return new ShimRefused("ArchiveRefused", `unpack "${url}": ${reason}; use another archive`, { cause });
}
