import { type GuestModule, memoryImportName } from "../loader/index.ts";
import type { MemoryPool } from "./memory-pool.ts";

/** The memories of one guest, from the pool and back. */
export interface GuestMemories {
  /** What the module imports under the engine's own module name. */
  readonly imports: Readonly<Record<string, WebAssembly.Memory>>;
  /** The memory that WASI means: the one exported as "memory", else the first, else one of no pages. */
  readonly main: WebAssembly.Memory;
  readonly all: readonly WebAssembly.Memory[];
  /** Gives the memories back to the pool; only where nothing can touch them any more. */
  release(): void;
}

export function acquireMemories(module: GuestModule, pool: MemoryPool): GuestMemories {
  const memories: WebAssembly.Memory[] = [];
  function release(): void {
    for (const [index, size] of module.memories.entries()) {
      const memory = memories[index];
      if (memory !== undefined) pool.release(memory, size);
    }
    memories.length = 0;
  }
  try {
    for (const size of module.memories) memories.push(pool.acquire(size));
  } catch (error) {
    release();
    throw error;
  }
  return {
    imports: Object.fromEntries(memories.map((memory, index) => [memoryImportName(index), memory])),
    main: memories[mainIndex(module)] ?? noMemory(),
    all: memories,
    release,
  };
}

function mainIndex(module: GuestModule): number {
  return module.exports.find((entry) => entry.kind === "memory" && entry.name === "memory")?.index ?? 0;
}

let sharedNoMemory: WebAssembly.Memory | undefined;

/** One for all guests: it holds no byte and cannot grow. */
function noMemory(): WebAssembly.Memory {
  return (sharedNoMemory ??= new WebAssembly.Memory({ initial: 0, maximum: 0 }));
}
