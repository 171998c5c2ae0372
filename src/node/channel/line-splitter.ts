import { KwasmError } from "#base";

const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines without ever holding more than one line of `lineBytesMax`: each chunk goes in, whole
 * lines come out, the rest waits. A longer line is a `limit-exceeded`, after which the stream cannot be trusted.
 */
export class LineSplitter {
  readonly #lineBytesMax: number;
  #parts: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax;
  }

  /** Lines that `chunk` completes, each without its newline. */
  push(chunk: Uint8Array): Uint8Array[] {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end));
      lines.push(this.#take());
      start = end + 1;
    }
    this.#hold(chunk.subarray(start));
    return lines;
  }

  #hold(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#heldBytes += part.length;
    if (this.#heldBytes > this.#lineBytesMax) {
      throw new KwasmError("limit-exceeded", `read a message: it is longer than ${String(this.#lineBytesMax)} bytes`);
    }
  }

  #take(): Uint8Array {
    const [only] = this.#parts;
    const line = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts, this.#heldBytes);
    this.#parts = [];
    this.#heldBytes = 0;
    return line;
  }
}
