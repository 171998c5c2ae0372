import type { InputStream, OutputStream, RegularFile } from "../../host/index.ts";
import { alwaysReady } from "../../host/pollable.ts";
import { streamBytesMax } from "../../host/stream.ts";

/** Reads a file from an offset on. The stream is closed by whoever holds the file. */
export class FileInput implements InputStream {
  readonly isTerminal = false;
  readonly readable = alwaysReady;
  readonly #file: RegularFile;
  #offsetBytes: bigint;

  constructor(file: RegularFile, offsetBytes: bigint) {
    this.#file = file;
    this.#offsetBytes = offsetBytes;
  }

  available(): number {
    return streamBytesMax;
  }

  read(bytesMax: number): Uint8Array | "ended" {
    const buffer = Buffer.allocUnsafe(Math.min(bytesMax, streamBytesMax));
    const length = this.#file.readAt(buffer, this.#offsetBytes);
    this.#offsetBytes += BigInt(length);
    return length === 0 ? "ended" : buffer.subarray(0, length);
  }

  close(): void {
    // The file belongs to its descriptor.
  }
}

/** Writes a file from an offset on, or at its end. The stream is closed by whoever holds the file. */
export class FileOutput implements OutputStream {
  readonly isTerminal = false;
  readonly writable = alwaysReady;
  readonly #file: RegularFile;
  #offsetBytes: bigint | "append";

  constructor(file: RegularFile, offsetBytes: bigint | "append") {
    this.#file = file;
    this.#offsetBytes = offsetBytes;
  }

  capacity(): number {
    return streamBytesMax;
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) done += this.#writeSome(bytes.subarray(done));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    // The file belongs to its descriptor.
  }

  #writeSome(bytes: Uint8Array): number {
    if (this.#offsetBytes === "append") return this.#file.append(bytes);
    const length = this.#file.writeAt(bytes, this.#offsetBytes);
    this.#offsetBytes += BigInt(length);
    return length;
  }
}
