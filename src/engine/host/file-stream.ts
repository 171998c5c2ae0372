import { closeSync, readSync, writeSync } from "node:fs";
import { HostError } from "./host-error.ts";
import { alwaysReady } from "./pollable.ts";
import { type InputStream, type OutputStream, streamBytesMax } from "./stream.ts";

/** The fds of the process's own stdio: a guest's end closes its streams, never these. */
const ownFdMax = 2;

/** Closes an fd that a stream owned; those of the process's own stdio stay. */
export function closeOwnedFd(fd: number): void {
  if (fd > ownFdMax) closeSync(fd);
}

/** Reads a regular file or a device at the position that its fd shares with others, as a shell's `< file` means it. */
export class FileInput implements InputStream {
  readonly isTerminal = false;
  readonly readable = alwaysReady;
  #fd: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  available(): number {
    return streamBytesMax;
  }

  read(bytesMax: number): Uint8Array | "ended" {
    if (this.#fd === undefined) throw new HostError("bad-descriptor", "read from a closed stream");
    const buffer = Buffer.allocUnsafe(Math.min(bytesMax, streamBytesMax));
    try {
      const length = readSync(this.#fd, buffer, 0, buffer.length, null);
      return length === 0 ? "ended" : buffer.subarray(0, length);
    } catch (thrown) {
      throw HostError.from(thrown, "read from a file");
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeOwnedFd(this.#fd);
    this.#fd = undefined;
  }
}

/** Writes a regular file or a device at the position that its fd shares with others. */
export class FileOutput implements OutputStream {
  readonly isTerminal = false;
  readonly writable = alwaysReady;
  #fd: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  capacity(): number {
    if (this.#fd === undefined) throw new HostError("pipe", "write to a closed stream");
    return streamBytesMax;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > this.capacity()) throw new HostError("invalid", "write more than the stream has room for");
    try {
      for (let offset = 0; offset < bytes.length;) offset += writeSync(this.#fd ?? -1, bytes, offset);
    } catch (thrown) {
      throw HostError.from(thrown, "write to a file");
    }
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (this.#fd !== undefined) closeOwnedFd(this.#fd);
    this.#fd = undefined;
  }
}
