import { KwasmError } from "#base";
import { pageBytes, pagesMax, tableElementBytes } from "./limits.ts";
import type { Limits } from "./module-layout.ts";

/** Sizes of one linear memory in pages, as its module declares them. */
export interface MemorySize {
  readonly initialPages: number;
  readonly maximumPages: number;
}

/** Sizes of one table in elements; the greatest is what the cap leaves of the module's own. */
export interface TableSize {
  readonly initialElements: number;
  readonly maximumElements: number;
}

/** What a module's memories and tables need and may have. */
export interface MemoryPlan {
  readonly memories: readonly MemorySize[];
  readonly tables: readonly TableSize[];
}

/** What a module declares of its memories and tables. */
export interface DeclaredLimits {
  readonly memories: readonly { readonly limits: Limits }[];
  readonly tables: readonly { readonly limits: Limits }[];
}

/** The part of the cap that tables may grow into: they seldom grow, and what they are granted memories do not get. */
const TABLE_GROWTH_DIVISOR = 8;

/** Divides `memoryBytesMax`, or says what the module needs at its start and what it may have. */
export function planMemory(layout: DeclaredLimits, memoryBytesMax: number): MemoryPlan {
  const tables = planTables(layout, memoryBytesMax);
  const memories = layout.memories.map(({ limits }) => ({
    initialPages: limits.initial,
    maximumPages: limits.maximum ?? pagesMax,
  }));
  return { memories, tables };
}

/**
 * How many pages each memory may have under a cap, which may change while a guest runs: what the tables can take is
 * set aside, and what is left after the initial sizes is divided evenly among the memories that can grow. Together
 * they pass the cap only where it is less than what a guest starts with.
 */
export function pageLimitsOf({ memories, tables }: MemoryPlan, memoryBytesMax: number): number[] {
  const tableBytes = sum(tables.map((table) => table.maximumElements)) * tableElementBytes;
  const initialPages = sum(memories.map((memory) => memory.initialPages));
  const sparePages = Math.max(Math.floor((memoryBytesMax - tableBytes) / pageBytes) - initialPages, 0);
  const growing = memories.filter((memory) => memory.maximumPages > memory.initialPages).length;
  const growth = Math.floor(sparePages / Math.max(growing, 1));
  return memories.map((memory) => Math.min(memory.maximumPages, memory.initialPages + growth));
}

/**
 * A growing table may grow by a power of two of elements, so that the many possible caps make few variants of one
 * module: the greatest size is written into the module, which is then compiled for it.
 */
function planTables(layout: DeclaredLimits, memoryBytesMax: number): TableSize[] {
  const memoryBytes = sum(initialSizes(layout.memories)) * pageBytes;
  const tableBytes = sum(initialSizes(layout.tables)) * tableElementBytes;
  if (memoryBytes + tableBytes > memoryBytesMax) throw tooSmall(memoryBytes, tableBytes, memoryBytesMax);
  const growing = layout.tables.filter(canGrow).length;
  const share = Math.min(memoryBytesMax / TABLE_GROWTH_DIVISOR, memoryBytesMax - memoryBytes - tableBytes);
  const growth = floorToPowerOfTwo(share / tableElementBytes / Math.max(growing, 1));
  return layout.tables.map(({ limits }) => ({
    initialElements: limits.initial,
    maximumElements: Math.min(limits.maximum ?? Infinity, limits.initial + growth),
  }));
}

function canGrow({ limits }: { readonly limits: Limits }): boolean {
  return limits.maximum === undefined || limits.maximum > limits.initial;
}

function initialSizes(entries: readonly { readonly limits: Limits }[]): number[] {
  return entries.map((entry) => entry.limits.initial);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function floorToPowerOfTwo(value: number): number {
  return value < 1 ? 0 : 2 ** Math.floor(Math.log2(value));
}

function tooSmall(memoryBytes: number, tableBytes: number, memoryBytesMax: number): KwasmError {
  const parts = `"${memoryBytes}" bytes of memory and "${tableBytes}" bytes of tables`;
  return new KwasmError(
    "limit-exceeded",
    `loading a module: it needs ${parts} to start and may have "${memoryBytesMax}" in all; raise its memory limit`,
  );
}
