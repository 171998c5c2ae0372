import { errno, P1Error } from "./errno.ts";
import { structBytes } from "./layout.ts";

/** What POSIX calls PATH_MAX on Linux, bytes without the final NUL: the system takes no longer path anyway. */
export const pathBytesMax = 4_095;
/** What POSIX calls IOV_MAX on Linux: how many buffers one read or write may name. */
export const iovecsMax = 1_024;
/**
 * How many bytes one read or write moves, the rest being left for the next call as POSIX allows. The copy happens
 * without a pause, and 8 MiB keep every other guest of the thread waiting for some milliseconds already.
 */
export const transferBytesMax = 8 * 1_048_576;

/** A buffer of the guest. */
export interface Span {
  readonly pointer: number;
  readonly length: number;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The guest's linear memory, seen through pointers that may be anything. Every access is checked against the size the
 * memory has now, so that a bad pointer is errno `fault` and never an exception of JavaScript; views are made anew
 * when the memory has grown. Pointers arrive as signed 32-bit numbers and mean unsigned ones.
 */
export class GuestMemory {
  #memory: WebAssembly.Memory | undefined;
  #view = new DataView(new ArrayBuffer(0));

  bind(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  readU8(pointer: number): number {
    return this.#at(pointer, 1).getUint8(unsigned(pointer));
  }

  readU16(pointer: number): number {
    return this.#at(pointer, 2).getUint16(unsigned(pointer), true);
  }

  readU32(pointer: number): number {
    return this.#at(pointer, 4).getUint32(unsigned(pointer), true);
  }

  readU64(pointer: number): bigint {
    return this.#at(pointer, 8).getBigUint64(unsigned(pointer), true);
  }

  writeU8(pointer: number, value: number): void {
    this.#at(pointer, 1).setUint8(unsigned(pointer), value);
  }

  writeU16(pointer: number, value: number): void {
    this.#at(pointer, 2).setUint16(unsigned(pointer), value, true);
  }

  writeU32(pointer: number, value: number): void {
    this.#at(pointer, 4).setUint32(unsigned(pointer), value, true);
  }

  writeU64(pointer: number, value: bigint): void {
    this.#at(pointer, 8).setBigUint64(unsigned(pointer), value, true);
  }

  /** The guest's bytes themselves. Only for use before the call waits or answers: growing the memory detaches them. */
  bytes(pointer: number, length: number): Uint8Array {
    const view = this.#at(pointer, length >>> 0);
    return new Uint8Array(view.buffer, unsigned(pointer), length >>> 0);
  }

  write(pointer: number, source: Uint8Array): void {
    this.bytes(pointer, source.length).set(source);
  }

  /** Fills with zeros. */
  clear(pointer: number, length: number): void {
    this.bytes(pointer, length).fill(0);
  }

  /** A path, which must be well-formed UTF-8: a lone surrogate would name another file than the one that was meant. */
  readPath(pointer: number, length: number): string {
    if (length >>> 0 > pathBytesMax) throw new P1Error(errno.nameTooLong, "read a path that is too long");
    const bytes = this.bytes(pointer, length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new P1Error(errno.illegalByteSequence, "read a path that is not UTF-8");
    }
  }

  /**
   * The buffers of a read or write. All are checked, so that nothing is moved if one is bad; those beyond
   * `transferBytesMax` bytes are left out or shortened.
   */
  readSpans(pointer: number, count: number): Span[] {
    if (count >>> 0 > iovecsMax) throw new P1Error(errno.invalid, "use too many buffers in one call");
    this.#at(pointer, (count >>> 0) * structBytes.iovec);
    const spans: Span[] = [];
    let leftBytes = transferBytesMax;
    for (let index = 0; index < count >>> 0; index += 1) {
      const at = unsigned(pointer) + index * structBytes.iovec;
      const span = { pointer: this.readU32(at), length: this.readU32(at + 4) };
      this.#at(span.pointer, span.length);
      const length = Math.min(span.length, leftBytes);
      leftBytes -= length;
      if (length > 0) spans.push({ pointer: span.pointer, length });
    }
    return spans;
  }

  /** Spreads `source` over the buffers, which hold at least as much. */
  scatter(spans: readonly Span[], source: Uint8Array): void {
    let offset = 0;
    for (const span of spans) {
      const part = source.subarray(offset, offset + span.length);
      if (part.length === 0) continue;
      this.write(span.pointer, part);
      offset += part.length;
    }
  }

  /** A copy of the first `bytesMax` bytes of the buffers. */
  gather(spans: readonly Span[], bytesMax: number): Uint8Array {
    const target = Buffer.allocUnsafe(Math.min(bytesMax, totalBytes(spans)));
    let offset = 0;
    for (const span of spans) {
      const length = Math.min(span.length, target.length - offset);
      if (length === 0) continue;
      target.set(this.bytes(span.pointer, length), offset);
      offset += length;
    }
    return target;
  }

  #at(pointer: number, length: number): DataView {
    const buffer = this.#memory?.buffer;
    // Growing a memory detaches its buffer and puts a new one in its place.
    if (buffer !== undefined && buffer !== this.#view.buffer) this.#view = new DataView(buffer);
    if (buffer === undefined || unsigned(pointer) + length > buffer.byteLength) {
      throw new P1Error(errno.fault, "use memory outside of the guest");
    }
    return this.#view;
  }
}

export function totalBytes(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + span.length, 0);
}

/** The buffers without their first `count` bytes. */
export function skipBytes(spans: readonly Span[], count: number): Span[] {
  const rest: Span[] = [];
  let left = count;
  for (const span of spans) {
    const skipped = Math.min(left, span.length);
    left -= skipped;
    if (skipped < span.length) rest.push({ pointer: span.pointer + skipped, length: span.length - skipped });
  }
  return rest;
}

/** A pointer of the guest as it means it. Sums beyond 32 bits stay as they are, to be out of range instead of wrapping. */
function unsigned(pointer: number): number {
  return pointer < 0 ? pointer + 2 ** 32 : pointer;
}
