import { parseQuantity, quantityToNumber } from "#api";
import { KwasmError } from "#base";
import type { RuntimeCgroupsOptions } from "#node";

/** One cell with its engine takes about 50 MiB before its first guest; with less, none would ever start. */
export const CELLS_MEMORY_BYTES_MIN = 128 * 1024 * 1024;

/** A name for the cgroups by the process's folder, of which each containerd has its own, and the limit of its cells. */
export function readCgroupOptions(
  directory: string,
  cellsMemoryMax: string | undefined,
): Pick<RuntimeCgroupsOptions, "name" | "cellsMemoryBytesMax"> {
  const name = directory
    .split("/")
    .filter(Boolean)
    .join("-")
    .replace(/\.kwasm$/u, "");
  if (cellsMemoryMax === undefined) return { name };
  const cellsMemoryBytesMax = quantityToNumber(parseQuantity(cellsMemoryMax));
  if (cellsMemoryBytesMax >= CELLS_MEMORY_BYTES_MIN) return { name, cellsMemoryBytesMax };
  throw new KwasmError(
    "invalid-argument",
    `limit the memory of cells to "${cellsMemoryMax}": that is not enough for one; give at least 128Mi`,
  );
}
