import type { Range } from "./module-layout.ts";

/** A piece of the new module: a range copied from the original, or bytes of our own. */
type Piece = Range | Uint8Array;

/**
 * Collects the content of a section as copied ranges and new bytes. Nothing is moved before the whole module is put
 * together once, so what is not changed costs one copy.
 */
export class SectionWriter {
  readonly pieces: Piece[] = [];
  size = 0;

  copy(start: number, end: number): void {
    if (end <= start) return;
    this.pieces.push({ start, end });
    this.size += end - start;
  }

  write(bytes: readonly number[] | Uint8Array): void {
    const piece = bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes);
    this.pieces.push(piece);
    this.size += piece.length;
  }

  /** Appends what another writer collected. */
  append(other: SectionWriter): void {
    for (const piece of other.pieces) this.pieces.push(piece);
    this.size += other.size;
  }

  /** Appends `content` as a section with its number and size before it. */
  section(id: number, content: SectionWriter): void {
    this.write([id, ...encodeU32(content.size)]);
    this.append(content);
  }

  /** Puts the pieces together, with the table that leads from new positions back to original ones. */
  assemble(original: Uint8Array): RewrittenBytes {
    const bytes = new Uint8Array(this.size);
    const copied: number[] = [];
    const from: number[] = [];
    let at = 0;
    for (const piece of this.pieces) {
      if (piece instanceof Uint8Array) {
        bytes.set(piece, at);
        at += piece.length;
        continue;
      }
      copied.push(at);
      from.push(piece.start);
      bytes.set(original.subarray(piece.start, piece.end), at);
      at += piece.end - piece.start;
    }
    return { bytes, origins: { starts: Uint32Array.from(copied), originals: Uint32Array.from(from) } };
  }
}

export interface RewrittenBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly origins: Origins;
}

/** Starts of copied ranges in the new module, ascending, and where each was copied from. */
export interface Origins {
  readonly starts: Uint32Array;
  readonly originals: Uint32Array;
}

/**
 * The position in the original module of a position in the new one, as tools that read debug information expect it.
 * A position in bytes of our own counts as the end of the range before them.
 */
export function originalOffset(origins: Origins, offset: number): number {
  let low = 0;
  let high = origins.starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((origins.starts[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  const range = low - 1;
  return offset - (origins.starts[range] ?? 0) + (origins.originals[range] ?? 0);
}

/** LEB128 of a signed number that is not negative: the last byte's bit 6 is its sign, so that one more may be needed. */
export function encodeNonNegativeI32(value: number): number[] {
  const bytes = encodeU32(value);
  const last = bytes.at(-1) ?? 0;
  return last < 0x40 ? bytes : [...bytes.slice(0, -1), last | 0x80, 0x00];
}

/** An unsigned number in as few bytes as LEB128 takes. */
export function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left % 0x80) + 0x80);
    left = Math.floor(left / 0x80);
  }
  bytes.push(left);
  return bytes;
}

export function encodeName(name: string): number[] {
  const bytes = Buffer.from(name, "utf8");
  return [...encodeU32(bytes.length), ...bytes];
}
