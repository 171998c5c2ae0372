import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { KwasmError } from "#base";
import { hexOf } from "../../digest.ts";
import type { Descriptor } from "../../document.ts";

/** A file that a blob is written into, from where an earlier attempt ended. */
export class BlobFile implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #descriptor: Descriptor;
  #sum: Hash = createHash("sha256");
  #size = 0;

  static async open(path: string, descriptor: Descriptor): Promise<BlobFile> {
    const blob = new BlobFile(await open(path, "r+"), descriptor);
    await blob.#readLeft(path);
    return blob;
  }

  private constructor(file: FileHandle, descriptor: Descriptor) {
    this.#file = file;
    this.#descriptor = descriptor;
  }

  get size(): number {
    return this.#size;
  }

  async #readLeft(path: string): Promise<void> {
    const { size } = await this.#file.stat();
    if (size > this.#descriptor.size) return this.restart();
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      this.#sum.update(chunk);
      this.#size += chunk.byteLength;
    }
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#sum = createHash("sha256");
    this.#size = 0;
  }

  /** What is longer than was announced is refused before it is written. */
  async write(chunk: Uint8Array): Promise<void> {
    const { digest, size } = this.#descriptor;
    if (this.#size + chunk.byteLength > size) {
      throw new KwasmError(
        "corrupt",
        `fetching blob "${digest}": more came than the ${size} bytes that were announced`,
      );
    }
    this.#sum.update(chunk);
    for (let offset = 0; offset < chunk.byteLength;) {
      const { bytesWritten } = await this.#file.write(chunk, offset, chunk.byteLength - offset, this.#size + offset);
      offset += bytesWritten;
    }
    this.#size += chunk.byteLength;
  }

  /** Whether the whole content is what its digest says. Another write may follow. */
  isVerified(): boolean {
    return this.#size === this.#descriptor.size && this.#sum.copy().digest("hex") === hexOf(this.#descriptor.digest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
