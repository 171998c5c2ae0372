import { createHash } from "node:crypto";
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { KwasmError, systemErrorCode } from "#base";
import { type Digest, hexOf } from "../digest.ts";
import type { ImageLimits } from "../limits.ts";
import { isAbandoned, makeScratchName } from "../scratch-name.ts";
import { syncDirectory } from "./durable.ts";

/** What a written blob turned out to be. */
export interface WrittenBlob {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Blobs on their way into a store. They are collected in a folder of their own, so that a collection of garbage never
 * sees a blob before the image that needs it, and a killed writer leaves nothing but that folder.
 */
export class BlobIngest implements Disposable {
  readonly #directory: string;
  readonly #limits: ImageLimits;
  readonly #written = new Set<Digest>();

  constructor(storeDirectory: string, limits: ImageLimits) {
    this.#directory = join(storeDirectory, "ingest", makeScratchName());
    this.#limits = limits;
    mkdirSync(this.#directory, { recursive: true });
  }

  /** Streams one blob to disk, hashing on the way; it is on the disk, not only in its cache, when this resolves. */
  async write(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<WrittenBlob> {
    const partial = join(this.#directory, makeScratchName());
    const blob = await this.#writeFile(partial, content);
    renameSync(partial, join(this.#directory, hexOf(blob.digest)));
    this.#written.add(blob.digest);
    return blob;
  }

  /** Takes in a verified blob that lies elsewhere in the store, as one more name of it; false where it is not there. */
  link(path: string, digest: Digest): boolean {
    const name = this.pathOf(digest);
    if (this.#written.has(digest)) return true;
    try {
      linkSync(path, name);
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return false;
      throw error;
    }
    this.#written.add(digest);
    return true;
  }

  /** The content of a small blob that was written or linked. */
  read(digest: Digest): Uint8Array {
    return readFileSync(this.pathOf(digest));
  }

  /** Its first bytes, at most so many. */
  readStart(digest: Digest, bytesMax: number): Uint8Array {
    const fd = openSync(this.pathOf(digest), "r");
    try {
      const start = Buffer.alloc(bytesMax);
      return start.subarray(0, readSync(fd, start, 0, bytesMax, 0));
    } finally {
      closeSync(fd);
    }
  }

  /** Where a blob lies until it is moved. */
  pathOf(digest: Digest): string {
    return join(this.#directory, hexOf(digest));
  }

  get written(): ReadonlySet<Digest> {
    return this.#written;
  }

  async #writeFile(path: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<WrittenBlob> {
    const sum = createHash("sha256");
    let size = 0;
    await using file = await open(path, "wx", 0o644);
    for await (const chunk of content) {
      size += chunk.byteLength;
      if (size > this.#limits.blobBytesMax) {
        throw new KwasmError("limit-exceeded", `writing a blob: it passes ${this.#limits.blobBytesMax} bytes`);
      }
      sum.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
    return { digest: `sha256:${sum.digest("hex")}`, size };
  }

  /**
   * Moves the blobs to where readers look, under the store's lock. One that is there already is replaced: it has the
   * same content, or was damaged and is healed so.
   */
  moveInto(blobsDirectory: string): void {
    for (const digest of this.#written) {
      renameSync(join(this.#directory, hexOf(digest)), join(blobsDirectory, hexOf(digest)));
    }
    this.#written.clear();
    syncDirectory(blobsDirectory);
  }

  /** Drops what was not moved. */
  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Removes folders of writers that no longer live. */
export function removeDeadIngests(storeDirectory: string): void {
  const directory = join(storeDirectory, "ingest");
  for (const name of readdirSync(directory).filter(isAbandoned)) {
    rmSync(join(directory, name), { recursive: true, force: true });
  }
}
