import type { Pollable } from "./pollable.ts";
import type { InputStream } from "./stream.ts";

/** An input that takes bytes back, so that a socket can be peeked at (`MSG_PEEK`). */
export class PushbackInput implements InputStream {
  readonly #source: InputStream;
  #returned: Uint8Array = new Uint8Array();
  readonly readable: Pollable;

  constructor(source: InputStream) {
    this.#source = source;
    this.readable = {
      isReady: () => this.#returned.length > 0 || source.readable.isReady(),
      onReady: (callback) => source.readable.onReady(callback),
    };
  }

  get isTerminal(): boolean {
    return this.#source.isTerminal;
  }

  available(): number {
    return this.#returned.length + this.#source.available();
  }

  read(bytesMax: number): Uint8Array | "ended" | undefined {
    if (this.#returned.length === 0) return this.#source.read(bytesMax);
    const taken = this.#returned.slice(0, bytesMax);
    this.#returned = this.#returned.subarray(taken.length);
    return taken;
  }

  /** Puts back what was the last to be read. */
  unread(bytes: Uint8Array): void {
    this.#returned = this.#returned.length === 0 ? bytes : Buffer.concat([bytes, this.#returned]);
  }

  close(): void {
    this.#returned = new Uint8Array();
    this.#source.close();
  }
}
