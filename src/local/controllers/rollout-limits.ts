import type { IntOrString, RollingUpdate } from "../kinds/index.ts";

/** Turns counts or percentages into counts, as Kubernetes does: surge is rounded up, unavailable down, never both zero. */
export function resolveLimits(
  update: RollingUpdate | undefined,
  replicas: number,
): { readonly maxSurge: number; readonly maxUnavailable: number } {
  if (update === undefined) return { maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = countOf(update.maxSurge, replicas, Math.ceil);
  const maxUnavailable = countOf(update.maxUnavailable, replicas, Math.floor);
  return maxSurge === 0 && maxUnavailable === 0 ? { maxSurge, maxUnavailable: 1 } : { maxSurge, maxUnavailable };
}

function countOf(value: IntOrString, replicas: number, round: (value: number) => number): number {
  if (typeof value === "number") return value;
  return round((Number.parseInt(value, 10) * replicas) / 100);
}
