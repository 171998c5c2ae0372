import type { ConfiguredHandler } from "../toml/handler-tables.ts";
import type { OwnHandler } from "./handlers.ts";
import type { KeptHandler } from "./plan.ts";

/** A name is registered once: two tables of one name end containerd. */
export function keepOthers(
  own: readonly OwnHandler[],
  others: readonly Pick<ConfiguredHandler, "name">[],
  reason: string,
): { readonly handlers: readonly OwnHandler[]; readonly kept: readonly KeptHandler[] } {
  const taken = new Set(others.map(({ name }) => name));
  return {
    handlers: own.filter(({ name }) => !taken.has(name)),
    kept: own.filter(({ name }) => taken.has(name)).map(({ name }) => ({ name, reason })),
  };
}
