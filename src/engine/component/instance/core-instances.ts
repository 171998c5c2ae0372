import { KwasmError } from "#base";
import type { MemoryPool } from "../../guest/memory-pool.ts";
import {
  type GuestModule,
  instanceModule,
  memoryImportName,
  memoryLimitExport,
  pageBytes,
  pageLimitsOf,
  refusedGlobalExport,
  startExport,
  tableElementBytes,
} from "../../loader/index.ts";
import { trap } from "../abi/trap.ts";
import { componentLimits } from "../limits.ts";
import type { CoreExports } from "./items.ts";

interface HeldMemory {
  readonly memory: WebAssembly.Memory;
  readonly size: GuestModule["memories"][number];
}

interface LimitGlobal {
  readonly global: WebAssembly.Global;
  readonly memory: WebAssembly.Memory;
}

/** Makes the instances of core modules that one component has, and holds their memories to one limit together. */
export class CoreInstances {
  #bytesMax: number;
  readonly #pool: MemoryPool;
  readonly #memories: HeldMemory[] = [];
  readonly #tables: GuestModule["tables"][number][] = [];
  readonly #limits: LimitGlobal[] = [];
  readonly #refusals: WebAssembly.Global[] = [];
  #initialBytes = 0;
  #count = 0;

  constructor(bytesMax: number, pool: MemoryPool) {
    this.#bytesMax = bytesMax;
    this.#pool = pool;
  }

  /** Counts an instance of a component; both kinds share one limit. */
  count(): void {
    this.#count += 1;
    const limit = componentLimits.instancesMax;
    if (this.#count <= limit) return;
    throw new KwasmError("limit-exceeded", `starting a component: it makes more than "${limit}" instances`);
  }

  instantiate(module: GuestModule, imports: Record<string, CoreExports>): CoreExports {
    this.count();
    this.#reserve(module);
    const own: Record<string, WebAssembly.Memory> = {};
    module.memories.forEach((size, index) => {
      const memory = this.#pool.acquire(size);
      this.#memories.push({ memory, size });
      own[memoryImportName(index)] = memory;
    });
    const wanted = { ...imports, [instanceModule]: own };
    try {
      return this.#start(module, wanted);
    } catch (error) {
      if (error instanceof WebAssembly.SuspendError) throw trap("cannot block a synchronous task before returning");
      throw error;
    }
  }

  #start(module: GuestModule, imports: Record<string, CoreExports>): CoreExports {
    const { exports } = new WebAssembly.Instance(module.compiled.module, imports);
    this.#tables.push(...module.tables);
    this.#watchLimits(module, exports, imports);
    const start = exports[startExport];
    if (typeof start === "function") Reflect.apply(start, undefined, []);
    return exports;
  }

  /** Sizes of memories and tables; tables as they began. */
  bytes(): number {
    const memories = this.#memories.reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0);
    return memories + this.#tables.reduce((sum, table) => sum + table.initialElements, 0) * tableElementBytes;
  }

  /** Changes the cap. Tables keep the greatest size that they began with. */
  limit(bytesMax: number): void {
    if (bytesMax === this.#bytesMax) return;
    this.#bytesMax = bytesMax;
    this.#setLimits();
  }

  /** Bytes of the last growth that was refused to a memory. */
  refusedBytes(): number | undefined {
    // The delta is an unsigned number of pages in a signed global; a growth by zero pages is never refused.
    const pages = this.#refusals.map(({ value }) => (typeof value === "number" ? value >>> 0 : 0));
    const most = Math.max(0, ...pages);
    return most === 0 ? undefined : most * pageBytes;
  }

  /** Gives the memories back; nothing of the component may run afterwards. */
  release(): void {
    for (const { memory, size } of this.#memories) this.#pool.release(memory, size);
    this.#memories.length = 0;
  }

  #reserve({ memories, tables }: GuestModule): void {
    for (const memory of memories) this.#initialBytes += memory.initialPages * pageBytes;
    for (const table of tables) this.#initialBytes += table.initialElements * tableElementBytes;
    if (this.#initialBytes <= this.#bytesMax) return;
    throw new KwasmError(
      "limit-exceeded",
      `starting a component: it needs "${this.#initialBytes}" bytes of memory and tables to start and may have "${this.#bytesMax}"; raise its memory limit`,
    );
  }

  #watchLimits(module: GuestModule, exports: CoreExports, imports: Record<string, CoreExports>): void {
    memoriesOf(module, imports).forEach((memory, index) => {
      const global = exports[memoryLimitExport(index)];
      if (global instanceof WebAssembly.Global) this.#limits.push({ global, memory });
    });
    const refused = exports[refusedGlobalExport];
    if (refused instanceof WebAssembly.Global) this.#refusals.push(refused);
    this.#setLimits();
  }

  /** A limit is never less than what the memory has: the helper that reads it relies on that. */
  #setLimits(): void {
    if (this.#limits.length === 0) return;
    const sizes = this.#memories.map(({ size }) => size);
    const pages = pageLimitsOf({ memories: sizes, tables: this.#tables }, this.#bytesMax);
    const allowed = new Map(this.#memories.map(({ memory }, index) => [memory, pages[index] ?? 0]));
    for (const { global, memory } of this.#limits) {
      global.value = Math.max(allowed.get(memory) ?? 0, memory.buffer.byteLength / pageBytes);
    }
  }
}

/** The memories of a module in the order of their indices: imported ones first. */
function memoriesOf(module: GuestModule, imports: Record<string, CoreExports>): WebAssembly.Memory[] {
  const imported = module.imports.filter((entry) => entry.kind === "memory");
  const values = imported.map(({ module: from, name }) => imports[from]?.[name]);
  const own = module.memories.map((_size, index) => imports[instanceModule]?.[memoryImportName(index)]);
  return [...values, ...own].filter((value) => value instanceof WebAssembly.Memory);
}
