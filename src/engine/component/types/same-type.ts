import { TypeMatcher } from "./matching.ts";
import { TypeBudget } from "./type-budget.ts";
import type { ValueType } from "./types.ts";

/** Whether two types of one component are the same. */
export function isSameType(one: ValueType, other: ValueType): boolean {
  return one === other || new TypeMatcher([], new TypeBudget()).value(one, other);
}
