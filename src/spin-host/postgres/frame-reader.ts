/** A message of the server: its letter, and the whole of it. */
export interface Frame {
  readonly type: string;
  readonly bytes: Buffer;
}

/** The letter, and four bytes of a length that counts itself. */
const headBytes = 5;

/**
 * Parts what a server sends into messages
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html) as it comes.
 */
export class FrameReader {
  readonly #frameBytesMax: number;
  #chunks: Buffer[] = [];
  #held = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Messages that end with this chunk. Throws an Error for one that is too large, before it is there. */
  *read(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    for (let length = this.#length(); length !== undefined && this.#held >= length; length = this.#length()) {
      const whole = this.#joined();
      this.#chunks = [whole.subarray(length)];
      this.#held -= length;
      yield { type: String.fromCharCode(whole[0] ?? 0), bytes: whole.subarray(0, length) };
    }
  }

  /** Bytes of the message that has begun, once they are known. */
  #length(): number | undefined {
    if (this.#held < headBytes) return undefined;
    const [first = Buffer.alloc(0)] = this.#chunks;
    const head = first.length >= headBytes ? first : this.#joined();
    const length = head.readUInt32BE(1) + 1;
    if (length < headBytes) throw new Error("the server does not answer as PostgreSQL does");
    if (length > this.#frameBytesMax) throw new Error(`query result exceeds limit of ${this.#frameBytesMax} bytes`);
    return length;
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }
}
