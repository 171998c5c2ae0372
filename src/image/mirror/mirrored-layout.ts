import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

import { KwasmError } from "#base";

import { hexOf } from "../digest.ts";
import type { Descriptor } from "../document.ts";
import { ImageLayout } from "../layout/layout.ts";
import type { ImageLimits } from "../limits.ts";
import { makeScratchName } from "../scratch-name.ts";

/** Gives the content of a blob, piece by piece. */
export type ReadBlob = (descriptor: Descriptor) => AsyncIterable<Uint8Array>;

/** An image layout whose blobs come from elsewhere when they are first asked for, and are kept once verified. */
export class MirroredLayout extends ImageLayout {
  readonly #readBlob: ReadBlob;

  constructor(directory: string, limits: ImageLimits, readBlob: ReadBlob) {
    super(directory, limits);
    this.#readBlob = readBlob;
    mkdirSync(this.blobsDirectory, { recursive: true, mode: 0o700 });
  }

  /** What is there is fetched by that; only manifests are asked for. */
  override async isPresent(descriptor: Descriptor): Promise<boolean> {
    try {
      await this.readDocument(descriptor, this.limits.manifestBytesMax);
      return true;
    } catch (error) {
      if (error instanceof KwasmError && error.code === "not-found") return false;
      throw error;
    }
  }

  override async readDocument(descriptor: Descriptor, bytesMax: number): Promise<Uint8Array> {
    // What is too long for a document is refused before it is fetched.
    if (descriptor.size <= bytesMax) await this.#fetch(descriptor);
    return super.readDocument(descriptor, bytesMax);
  }

  override async verifyBlob(descriptor: Descriptor): Promise<string> {
    await this.#fetch(descriptor);
    return super.verifyBlob(descriptor);
  }

  async #fetch(descriptor: Descriptor): Promise<void> {
    const path = this.blobPath(descriptor.digest);
    if (existsSync(path)) return;
    const partial = join(this.blobsDirectory, makeScratchName());
    try {
      await this.#write(partial, descriptor);
      renameSync(partial, path);
    } finally {
      rmSync(partial, { force: true });
    }
  }

  async #write(path: string, descriptor: Descriptor): Promise<void> {
    const sum = createHash("sha256");
    let size = 0;
    await using file = await open(path, "wx", 0o600);
    for await (const piece of this.#readBlob(descriptor)) {
      size += piece.byteLength;
      if (size > descriptor.size) break;
      sum.update(piece);
      await file.writeFile(piece);
    }
    if (size === descriptor.size && sum.digest("hex") === hexOf(descriptor.digest)) return;
    throw new KwasmError(
      "corrupt",
      `fetching blob "${descriptor.digest}": what came is something else; pull the image again`,
    );
  }
}
