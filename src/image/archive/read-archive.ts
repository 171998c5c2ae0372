import { posix } from "node:path";
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Extract, extract } from "tar-stream";
import { KwasmError, systemErrorCode } from "#base";
import { hexOf } from "../digest.ts";
import type { ImageLimits } from "../limits.ts";
import type { BlobIngest, WrittenBlob } from "../store/ingest.ts";
import { compressionOf, decompressors } from "../unpack/compression.ts";

/** Documents of an archive that are no blobs. */
const documentNames: ReadonlySet<string> = new Set(["index.json", "manifest.json", "oci-layout"]);

export interface ArchiveFiles {
  readonly documents: ReadonlyMap<string, Uint8Array>;
  /** The blob that a file of the archive became, through links too. */
  blobOf(name: string): WrittenBlob | undefined;
}

/**
 * Reads an archive into blobs. Its names are looked up in a table and never become paths of this machine; what is a device
 * or a folder in it is passed over.
 */
export async function readArchive(
  content: AsyncIterable<Uint8Array>,
  ingest: BlobIngest,
  limits: ImageLimits,
): Promise<ArchiveFiles> {
  const files = new ReadFiles(ingest, limits);
  const archive = extract();
  const { source, decoders } = await openContent(content);
  const feeding = pipeline([source, ...decoders, archive]);
  const [read, fed] = await Promise.allSettled([readEntries(archive, files), feeding]);
  // A refused entry also breaks the stream that feeds it: the first reason is the one to tell.
  if (read.status === "rejected" && read.reason instanceof KwasmError) throw read.reason;
  if (fed.status === "rejected") throw archiveError(fed.reason);
  if (read.status === "rejected") throw archiveError(read.reason);
  return files;
}

async function readEntries(archive: Extract, files: ReadFiles): Promise<void> {
  for await (const entry of archive) {
    const { name, type, linkname } = entry.header;
    if (type === "symlink" || type === "link") files.link(name, type, linkname ?? "");
    // The library's types leave open what an entry yields: slices of what it is fed.
    if (type === "file") await files.add(name, entry as AsyncIterable<Uint8Array>);
    else entry.resume();
  }
}

function archiveError(thrown: unknown): KwasmError {
  if (thrown instanceof KwasmError) return thrown;
  if (/^E(?!RR_)/.test(systemErrorCode(thrown) ?? "")) return KwasmError.from(thrown, "reading an image archive");
  return new KwasmError("corrupt", "reading an image archive: it is damaged, cut off, or no tar archive", {
    cause: thrown,
  });
}

class ReadFiles implements ArchiveFiles {
  readonly documents = new Map<string, Uint8Array>();
  readonly #blobs = new Map<string, WrittenBlob>();
  readonly #links = new Map<string, string>();
  readonly #ingest: BlobIngest;
  readonly #limits: ImageLimits;
  #bytes = 0;
  #entries = 0;

  constructor(ingest: BlobIngest, limits: ImageLimits) {
    this.#ingest = ingest;
    this.#limits = limits;
  }

  blobOf(name: string): WrittenBlob | undefined {
    let path = normalise(name);
    for (let links = 0; links < this.#limits.linksFollowedMax; links++) {
      const target = this.#links.get(path);
      if (target === undefined) return this.#blobs.get(path);
      path = target;
    }
    return undefined;
  }

  /** Old archives of docker link layers that several images share. */
  link(name: string, type: "symlink" | "link", target: string): void {
    this.#countEntry();
    const path = normalise(name);
    this.#links.set(path, normalise(type === "symlink" ? posix.join(posix.dirname(path), target) : target));
  }

  async add(name: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    this.#countEntry();
    const path = normalise(name);
    if (documentNames.has(path)) {
      this.documents.set(path, await this.#readDocument(path, content));
      return;
    }
    const blob = await this.#ingest.write(this.#counted(content));
    const [, hex] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path) ?? [];
    if (hex !== undefined && hex !== hexOf(blob.digest)) {
      throw new KwasmError("corrupt", `reading an image archive: the content of "${path}" has another digest`);
    }
    this.#blobs.set(path, blob);
  }

  async #readDocument(path: string, content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of content) {
      size += chunk.byteLength;
      if (size > this.#limits.indexBytesMax) {
        throw new KwasmError(
          "limit-exceeded",
          `reading an image archive: "${path}" passes ${this.#limits.indexBytesMax} bytes`,
        );
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async *#counted(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      this.#bytes += chunk.byteLength;
      if (this.#bytes > this.#limits.unpackedBytesMax) {
        throw new KwasmError(
          "limit-exceeded",
          `reading an image archive: it passes ${this.#limits.unpackedBytesMax} bytes`,
        );
      }
      yield chunk;
    }
  }

  #countEntry(): void {
    this.#entries += 1;
    if (this.#entries <= this.#limits.entriesMax) return;
    throw new KwasmError(
      "limit-exceeded",
      `reading an image archive: it has more than ${this.#limits.entriesMax} files`,
    );
  }
}

/** Names as they stand in documents: without `./` before them. */
function normalise(name: string): string {
  return posix.normalize(name).replace(/^(?:\.?\/)+/, "");
}

interface OpenedContent {
  readonly source: Readable;
  readonly decoders: readonly Transform[];
}

/** What an archive is compressed by say its first bytes. */
async function openContent(content: AsyncIterable<Uint8Array>): Promise<OpenedContent> {
  const chunks = content[Symbol.asyncIterator]();
  const first = await chunks.next();
  const start = first.done === true ? new Uint8Array() : first.value;
  const source = Readable.from(continued(start, chunks), { objectMode: false });
  return { source, decoders: decompressors(compressionOf(start)) };
}

async function* continued(start: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield start;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
