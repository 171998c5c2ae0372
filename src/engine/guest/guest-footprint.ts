import { type GuestModule, pageBytes, tableElementBytes, tableExport } from "../loader/index.ts";

/** What memories and tables of an instance take when it begins. */
export function initialBytesOf({ memories, tables }: Pick<GuestModule, "memories" | "tables">): number {
  const pages = memories.reduce((sum, memory) => sum + memory.initialPages, 0);
  return pages * pageBytes + initialTableBytesOf(tables);
}

function initialTableBytesOf(tables: GuestModule["tables"]): number {
  return tables.reduce((sum, table) => sum + table.initialElements, 0) * tableElementBytes;
}

/** How much memory a guest takes, cheap enough to be asked each time that it gives the thread back. */
export class GuestFootprint {
  readonly #module: GuestModule;
  readonly #memories: readonly WebAssembly.Memory[];
  readonly #buffers: ArrayBuffer[];
  #tableBytes: number;
  #growingTables: readonly WebAssembly.Table[] = [];

  constructor(module: GuestModule, memories: readonly WebAssembly.Memory[]) {
    this.#module = module;
    this.#memories = memories;
    this.#buffers = memories.map((memory) => memory.buffer);
    this.#tableBytes = initialTableBytesOf(module.tables);
  }

  /** From here on tables that can grow are counted as large as they are. */
  watchTables(exports: WebAssembly.Exports): void {
    const tables = this.#module.tables.map((_table, index) => exports[tableExport(index)]);
    this.#growingTables = tables.filter((table) => table instanceof WebAssembly.Table);
    for (const table of this.#growingTables) this.#tableBytes -= table.length * tableElementBytes;
  }

  bytes(): number {
    let bytes = this.#tableBytes;
    for (const table of this.#growingTables) bytes += table.length * tableElementBytes;
    for (let index = 0; index < this.#buffers.length; index++) bytes += this.#memoryBytes(index);
    return bytes;
  }

  /** A memory that grows takes its bytes out of the buffer that it had; asking for the new one costs ten times more. */
  #memoryBytes(index: number): number {
    const known = this.#buffers[index]?.byteLength ?? 0;
    const memory = this.#memories[index];
    if (known > 0 || memory === undefined) return known;
    this.#buffers[index] = memory.buffer;
    return memory.buffer.byteLength;
  }
}
