import { outboundLimits } from "../outbound/limits.ts";

/** A value of Redis' protocol. */
export type RespValue =
  | { readonly kind: "nil" }
  | { readonly kind: "status" | "error"; readonly text: string }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "array"; readonly items: readonly RespValue[] };

/** Bytes of a line: a status, an error or a length. */
const lineBytesMax = 65_536;
/** Arrays within each other; Redis' own answers have three. */
const depthMax = 32;

/** Counts the bytes of an answer, and throws where they are too many. */
interface ByteCount {
  add(bytes: number): void;
  clear(): void;
}

interface OpenArray {
  readonly items: RespValue[];
  readonly length: number;
}

/**
 * Reads answers of Redis (RESP 2, https://redis.io/docs/latest/develop/reference/protocol-spec/) as their bytes come.
 * Nothing is allocated for what is only declared.
 */
export class RespReader {
  readonly #bytes: ByteCount;
  readonly #chunks: Uint8Array[] = [];
  #held = 0;
  readonly #arrays: OpenArray[] = [];
  /** Bytes of a string whose length was read. */
  #awaited: number | undefined;

  constructor(bytes: ByteCount) {
    this.#bytes = bytes;
  }

  /** Whole answers that end with this chunk. Throws an Error for what is none and for one that is too large. */
  read(chunk: Uint8Array): readonly RespValue[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const answers: RespValue[] = [];
    for (let value = this.#next(); value !== undefined; value = this.#next()) {
      const whole = this.#place(value);
      if (whole === undefined) continue;
      answers.push(whole);
      this.#bytes.clear();
    }
    return answers;
  }

  /** The next value that is no array with items; an array that begins is noted. */
  #next(): RespValue | undefined {
    for (;;) {
      if (this.#awaited !== undefined) return this.#string(this.#awaited);
      const line = this.#line();
      if (line === undefined) return undefined;
      const value = this.#valueOf(line[0], line.slice(1));
      if (value !== undefined) return value;
    }
  }

  #valueOf(type: string | undefined, rest: string): RespValue | undefined {
    this.#bytes.add(outboundLimits.valueBytes + rest.length);
    switch (type) {
      case "+":
        return { kind: "status", text: rest };
      case "-":
        return { kind: "error", text: rest };
      case ":":
        return { kind: "integer", value: integerOf(rest) };
      case "$":
        return this.#begin(rest, (length) => this.#beginString(length));
      case "*":
        return this.#begin(rest, (length) => this.#beginArray(length));
      default:
        throw new Error("the server does not answer as Redis does");
    }
  }

  /** Notes a length, or gives what has none. */
  #begin(text: string, note: (length: number) => RespValue | undefined): RespValue | undefined {
    const length = Number(integerOf(text));
    if (length === -1) return { kind: "nil" };
    if (length < 0) throw new Error("the server does not answer as Redis does");
    return note(length);
  }

  /** What is longer than allowed is refused before it has come. */
  #beginString(length: number): undefined {
    this.#bytes.add(length);
    this.#awaited = length;
  }

  #beginArray(length: number): RespValue | undefined {
    if (length === 0) return { kind: "array", items: [] };
    if (this.#arrays.length >= depthMax) throw new Error("the answer is nested too deeply");
    this.#arrays.push({ items: [], length });
    return undefined;
  }

  /** Puts a value where it belongs; the answer that it completes. */
  #place(value: RespValue): RespValue | undefined {
    let whole = value;
    for (let array = this.#arrays.at(-1); array !== undefined; array = this.#arrays.at(-1)) {
      array.items.push(whole);
      if (array.items.length < array.length) return undefined;
      this.#arrays.pop();
      whole = { kind: "array", items: array.items };
    }
    return whole;
  }

  #string(length: number): RespValue | undefined {
    if (this.#held < length + 2) return undefined;
    this.#awaited = undefined;
    // A copy, which does not keep what came with it.
    return { kind: "bytes", bytes: new Uint8Array(this.#take(length + 2).subarray(0, length)) };
  }

  #line(): string | undefined {
    const end = this.#findLine();
    if (end === undefined) {
      if (this.#held > lineBytesMax) throw new Error("a line of the answer is too long");
      return undefined;
    }
    return Buffer.from(this.#take(end + 2)).toString("utf8", 0, end);
  }

  /** How many bytes are before the next `\r\n`. */
  #findLine(): number | undefined {
    if (this.#held === 0) return undefined;
    const whole = this.#joined();
    const end = whole.subarray(0, lineBytesMax + 2).indexOf("\r\n");
    return end < 0 ? undefined : end;
  }

  #take(length: number): Uint8Array {
    const whole = this.#joined();
    this.#chunks.length = 0;
    this.#held = whole.length - length;
    if (this.#held > 0) this.#chunks.push(whole.subarray(length));
    return whole.subarray(0, length);
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) {
      return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
    }
    const whole = Buffer.concat(this.#chunks);
    this.#chunks.splice(0, this.#chunks.length, whole);
    return whole;
  }
}

function integerOf(text: string): bigint {
  if (!/^[+-]?\d{1,19}$/u.test(text)) throw new Error("the server does not answer as Redis does");
  return BigInt(text.replace(/^\+/u, ""));
}
