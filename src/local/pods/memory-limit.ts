import { parseQuantity, quantityToNumber } from "#api";
import type { Container } from "../kinds/index.ts";

/**
 * Memory of a container that names no limit, bytes. A cluster would let it take the whole node; here one guest must
 * not take a developer's machine, and 256 MiB hold every runtime that guests bring along (Go's included).
 */
export const CONTAINER_MEMORY_BYTES_DEFAULT = 268_435_456;

/** Bytes that the guest of a container may take. */
export function memoryLimitOf(container: Container): number {
  const limit = container.resources.limits["memory"];
  return limit === undefined ? CONTAINER_MEMORY_BYTES_DEFAULT : quantityToNumber(parseQuantity(limit));
}
