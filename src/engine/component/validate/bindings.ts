import type { SlotBinding } from "../plan/steps.ts";
import type { ExternType, ResourceIdentity } from "../types/types.ts";
import type { Scope } from "./scope.ts";

/** Where the resources of `resources` are found in an item of such a type, each with the slot that it goes to. */
export function bindingsOf(extern: ExternType, resources: readonly ResourceIdentity[], scope: Scope): SlotBinding[] {
  const wanted = new Set(resources);
  const bindings: SlotBinding[] = [];
  function visit(entry: ExternType, path: readonly string[]): void {
    if (wanted.size === 0) return;
    if (entry.kind === "type" && entry.type.kind === "resource" && wanted.delete(entry.type.identity)) {
      bindings.push({ path, slot: scope.slotOf(entry.type.identity) });
    }
    if (entry.kind !== "instance") return;
    scope.budget.spend(entry.type.exports.size);
    for (const [name, inner] of entry.type.exports) visit(inner, [...path, name]);
  }
  visit(extern, []);
  return bindings;
}
