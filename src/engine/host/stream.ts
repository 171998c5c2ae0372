import type { Pollable } from "./pollable.ts";

/**
 * How many bytes a stream keeps in memory, each way: what a Linux pipe holds. More would let one guest with a slow
 * reader take memory that no limit of its own counts.
 */
export const streamBytesMax = 65_536;

/** Bytes coming in. Nothing here blocks; who wants to wait uses `readable`. Every method may throw HostError. */
export interface InputStream {
  /** Whether a person sits at the other end. */
  readonly isTerminal: boolean;
  /** Ready when `read` would answer something: bytes, the end, or an error. */
  readonly readable: Pollable;
  /** How many bytes `read` could hand over now. */
  available(): number;
  /** At least one and at most `bytesMax` bytes, owned by the caller; `undefined` where there is nothing yet. */
  read(bytesMax: number): Uint8Array | "ended" | undefined;
  /** Never throws and may be repeated. */
  close(): void;
}

/** Bytes going out, in the spirit of WASI 0.2's check-write: ask for room, then write no more than that. */
export interface OutputStream {
  /** Whether a person sits at the other end. */
  readonly isTerminal: boolean;
  /** Ready when there is room, or an error to be told. */
  readonly writable: Pollable;
  /** How many bytes `write` takes now; throws HostError `pipe` once the reader is gone. */
  capacity(): number;
  /** Takes at most `capacity()` bytes over; the caller must not change them any more. */
  write(bytes: Uint8Array): void;
  /**
   * Resolves when nothing is left in memory: the system has it, or nobody will ever read it. Also after `close`. Whoever
   * can tell that nothing is left may answer so at once, with `undefined`.
   */
  flush(): Promise<void> | undefined;
  /** Accepts nothing more; what was written still goes out. Never throws and may be repeated. */
  close(): void;
}
