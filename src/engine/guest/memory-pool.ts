import { KwasmError } from "#base";
import { type MemorySize, pageBytes } from "../loader/index.ts";

/** Memories that are all zero and wait for an instance; making one costs several times what an instance does. */
export interface MemoryPool {
  /** A memory of exactly this size range, all zero. */
  acquire(size: MemorySize): WebAssembly.Memory;
  /**
   * Takes back a memory that nothing refers to any more: no frame of a guest and no pending operation of the host. One
   * that has grown is dropped, because memories cannot shrink; so is one that the pool has no room for.
   */
  release(memory: WebAssembly.Memory, size: MemorySize): void;
}

export interface MemoryPoolOptions {
  /** Sum of the sizes of waiting memories. */
  readonly bytesMax: number;
  /** Larger memories are not kept. */
  readonly memoryBytesMax: number;
  /** Larger ones are kept only where their guests use much of them. */
  readonly sparseBytesMax: number;
}

const MEBIBYTE = 1024 * 1024;
const defaultOptions: MemoryPoolOptions = {
  bytesMax: 64 * MEBIBYTE,
  memoryBytesMax: 32 * MEBIBYTE,
  sparseBytesMax: 4 * MEBIBYTE,
};

/**
 * The part of a memory below which it is sparse. Reading a page to clear it costs a tenth of what the system takes to give out a new
 * one when it is touched.
 */
const DENSE_PART = 1 / 10;

/** Guests of one size may be of different programs, so what one used is believed for so many. */
const UNSEEN_AFTER_SPARSE = 32;

export function createMemoryPool(options: MemoryPoolOptions = defaultOptions): MemoryPool {
  const { bytesMax, memoryBytesMax, sparseBytesMax } = options;
  const waiting = new Map<string, WebAssembly.Memory[]>();
  /** Sizes of large memories of which one was sparse, and how many more of each are dropped before one is looked at again. */
  const sparse = new Map<string, number>();
  let waitingBytes = 0;
  return {
    acquire(size) {
      const memory = waiting.get(keyOf(size))?.pop();
      if (memory === undefined) return makeMemory(size);
      waitingBytes -= memory.buffer.byteLength;
      return memory;
    },
    release(memory, size) {
      const byteLength = memory.buffer.byteLength;
      if (byteLength !== size.initialPages * pageBytes || byteLength > memoryBytesMax) return;
      if (waitingBytes + byteLength > bytesMax) return;
      const key = keyOf(size);
      const unseen = sparse.get(key) ?? 0;
      if (unseen > 0) {
        sparse.set(key, unseen - 1);
        return;
      }
      const isSparse = clear(memory.buffer) < byteLength * DENSE_PART;
      if (isSparse && byteLength > sparseBytesMax) {
        sparse.set(key, UNSEEN_AFTER_SPARSE);
        return;
      }
      const others = waiting.get(key);
      if (others === undefined) waiting.set(key, [memory]);
      else others.push(memory);
      waitingBytes += byteLength;
    },
  };
}

/** The greatest size is part of a memory's identity: it is what holds its next guest to its limit. */
function keyOf({ initialPages, maximumPages }: MemorySize): string {
  return `${initialPages}:${maximumPages}`;
}

function makeMemory({ initialPages, maximumPages }: MemorySize): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: initialPages, maximum: maximumPages });
  } catch (error) {
    throw new KwasmError(
      "unavailable",
      `starting a guest: no address space for a memory of "${initialPages}" pages; end other guests of this process first`,
      { cause: error },
    );
  }
}

/** The unit in which the system gives real memory to a process. */
const SYSTEM_PAGE_BYTES = 4096;
const zeroPage = new Uint8Array(SYSTEM_PAGE_BYTES);

/**
 * Makes every byte zero, and answers how many stood in pages that were not. Pages that are zero are only read: writing to a page
 * that no guest ever touched would make the system back it with real memory.
 */
function clear(buffer: ArrayBuffer): number {
  const bytes = Buffer.from(buffer);
  let cleared = 0;
  for (let start = 0; start < bytes.length; start += SYSTEM_PAGE_BYTES) {
    const end = start + SYSTEM_PAGE_BYTES;
    if (bytes.compare(zeroPage, 0, SYSTEM_PAGE_BYTES, start, end) === 0) continue;
    bytes.fill(0, start, end);
    cleared += SYSTEM_PAGE_BYTES;
  }
  return cleared;
}
