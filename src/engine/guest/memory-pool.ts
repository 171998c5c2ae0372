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
  /** Larger memories are not kept: clearing them costs more than making new ones. */
  readonly memoryBytesMax: number;
}

const defaultOptions: MemoryPoolOptions = { bytesMax: 64 * 1024 * 1024, memoryBytesMax: 4 * 1024 * 1024 };

export function createMemoryPool({ bytesMax, memoryBytesMax }: MemoryPoolOptions = defaultOptions): MemoryPool {
  const waiting = new Map<string, WebAssembly.Memory[]>();
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
      clear(memory.buffer);
      const others = waiting.get(keyOf(size));
      if (others === undefined) waiting.set(keyOf(size), [memory]);
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
 * Makes every byte zero. Pages that are zero are only read: writing to a page that no guest ever touched would make
 * the system back it with real memory.
 */
function clear(buffer: ArrayBuffer): void {
  const bytes = Buffer.from(buffer);
  for (let start = 0; start < bytes.length; start += SYSTEM_PAGE_BYTES) {
    const end = start + SYSTEM_PAGE_BYTES;
    if (bytes.compare(zeroPage, 0, SYSTEM_PAGE_BYTES, start, end) !== 0) bytes.fill(0, start, end);
  }
}
