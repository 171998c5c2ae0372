import { KwasmError } from "#base";
import { moduleLimits } from "./limits.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads the primitives of the binary format from a range of bytes and never beyond it. What is cut off, overlong or
 * out of range is a `corrupt` error that says what was being read and where.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  position: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** Whether every byte of the range was read. */
  get done(): boolean {
    return this.position >= this.end;
  }

  byte(what: string): number {
    const value = this.position < this.end ? this.bytes[this.position] : undefined;
    if (value === undefined) throw this.corrupt(`${what} is cut off`);
    this.position += 1;
    return value;
  }

  /** An unsigned LEB128 number of 32 bits: five bytes at most, the unused bits of the fifth must be zero. */
  u32(what: string): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte(what);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.byte(what);
    if (last > 0x0f) throw this.corrupt(`${what} is a number of more than 32 bits`);
    return value + last * 2 ** 28;
  }

  /** A count that `limit` bounds, checked before anything is made of it. */
  count(what: string, limit: number): number {
    const value = this.u32(`the number of ${what}`);
    if (value > limit) throw exceeded(what, value, limit);
    return value;
  }

  /** Passes a signed LEB128 number of 33 bits, the form of block and heap types. */
  skipS33(what: string): void {
    for (let length = 1; length <= 5; length++) {
      if (this.byte(what) < 0x80) return;
    }
    throw this.corrupt(`${what} is a number of more than 33 bits`);
  }

  skip(length: number, what: string): void {
    if (length > this.end - this.position) throw this.corrupt(`${what} is cut off`);
    this.position += length;
  }

  /** A name: its length in bytes, then UTF-8. */
  name(what: string): string {
    const length = this.u32(`the length of ${what}`);
    if (length > moduleLimits.nameBytesMax) throw exceeded(`bytes in ${what}`, length, moduleLimits.nameBytesMax);
    const start = this.position;
    this.skip(length, what);
    try {
      return utf8.decode(this.bytes.subarray(start, this.position));
    } catch (error) {
      throw this.corrupt(`${what} is not UTF-8`, error);
    }
  }

  /** A reader of the next `length` bytes, which this one passes. */
  slice(length: number, what: string): ByteReader {
    const start = this.position;
    this.skip(length, what);
    return new ByteReader(this.bytes, start, this.position);
  }

  expectDone(what: string): void {
    if (!this.done) throw this.corrupt(`${what} has "${this.end - this.position}" bytes too many`);
  }

  corrupt(problem: string, cause?: unknown): KwasmError {
    const message = `reading a module: ${problem} at byte "${formatOffset(this.position)}"; the file is damaged`;
    return new KwasmError("corrupt", message, cause === undefined ? {} : { cause });
  }
}

/** A module that holds more of something than is allowed. */
export function exceeded(what: string, value: number, limit: number): KwasmError {
  return new KwasmError("limit-exceeded", `reading a module: it has "${value}" ${what}, at most "${limit}" are run`);
}

export function formatOffset(offset: number): string {
  return `0x${offset.toString(16)}`;
}
