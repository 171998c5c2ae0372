import { KwasmError } from "#base";
import { pageBytes, pagesMax, tableElementBytes } from "./limits.ts";
import type { Limits, ModuleLayout } from "./module-layout.ts";

/** Sizes of one linear memory in pages, after the cap was applied. */
export interface MemorySize {
  readonly initialPages: number;
  readonly maximumPages: number;
}

/** How one memory cap is divided over a module's memories and tables; together they can never pass it. */
export interface MemoryPlan {
  readonly memories: readonly MemorySize[];
  /** Greatest number of elements of each table. */
  readonly tableMaxima: readonly number[];
}

/** The part of the cap that tables may grow into: they seldom grow, and what they are granted memories do not get. */
const TABLE_GROWTH_DIVISOR = 8;

/** Divides `memoryBytesMax`, or says what the module needs at its start and what it may have. */
export function planMemory(layout: Pick<ModuleLayout, "memories" | "tables">, memoryBytesMax: number): MemoryPlan {
  const tableMaxima = planTables(layout, memoryBytesMax);
  const tableBytes = sum(tableMaxima) * tableElementBytes;
  const spare = Math.floor((memoryBytesMax - tableBytes) / pageBytes) - sum(initialSizes(layout.memories));
  return { tableMaxima, memories: shareSpare(layout, spare) };
}

/**
 * A growing table may grow by a power of two of elements, so that the many possible caps make few variants of one
 * module: the greatest size is written into the module, which is then compiled for it.
 */
function planTables(layout: Pick<ModuleLayout, "memories" | "tables">, memoryBytesMax: number): number[] {
  const memoryBytes = sum(initialSizes(layout.memories)) * pageBytes;
  const tableBytes = sum(initialSizes(layout.tables)) * tableElementBytes;
  if (memoryBytes + tableBytes > memoryBytesMax) throw tooSmall(memoryBytes, tableBytes, memoryBytesMax);
  const growing = layout.tables.filter(canGrow).length;
  const share = Math.min(memoryBytesMax / TABLE_GROWTH_DIVISOR, memoryBytesMax - memoryBytes - tableBytes);
  const growth = floorToPowerOfTwo(share / tableElementBytes / Math.max(growing, 1));
  return layout.tables.map(({ limits }) => Math.min(limits.maximum ?? Infinity, limits.initial + growth));
}

/** What is left after the initial sizes is divided evenly among the memories that can grow. */
function shareSpare(layout: Pick<ModuleLayout, "memories">, sparePages: number): MemorySize[] {
  const growing = layout.memories.filter(canGrow).length;
  const growth = Math.floor(sparePages / Math.max(growing, 1));
  return layout.memories.map(({ limits }) => ({
    initialPages: limits.initial,
    maximumPages: Math.min(limits.maximum ?? pagesMax, limits.initial + growth),
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
