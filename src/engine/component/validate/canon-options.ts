import { invalidComponent } from "../parser/component-reader.ts";
import type { CanonOptions } from "../parser/definitions.ts";
import { type CoreFunctionType, sameCoreFunction } from "../types/core-types.ts";
import { partsOfValue } from "../types/make-type.ts";
import type { ValueType } from "../types/types.ts";
import { at, type Scope } from "./scope.ts";

export const reallocType: CoreFunctionType = {
  kind: "func",
  parameters: ["i32", "i32", "i32", "i32"],
  results: ["i32"],
};
const callbackType: CoreFunctionType = { kind: "func", parameters: ["i32", "i32", "i32"], results: ["i32"] };

/** Checks what options name; which of them are needed depends on the types. */
export function checkOptions(options: CanonOptions, scope: Scope, offset: number): void {
  if (options.memory !== undefined) at(scope.coreMemories, options.memory, "core memory", offset);
  if (options.realloc !== undefined) {
    const type = at(scope.coreFunctions, options.realloc, "core function", offset);
    if (!sameCoreFunction(type, reallocType)) {
      throw invalidComponent(offset, "canonical option `realloc` uses a core function with an incorrect signature");
    }
    if (options.memory === undefined) {
      throw invalidComponent(offset, "canonical option `realloc` requires `memory` to also be specified");
    }
  }
  if (options.callback !== undefined) {
    const type = at(scope.coreFunctions, options.callback, "core function", offset);
    if (!sameCoreFunction(type, callbackType)) {
      throw invalidComponent(offset, "canonical option `callback` uses a core function with an incorrect signature");
    }
  }
}

/** What values that are read, and values that are written, need. */
export interface Needs {
  readonly memory: boolean;
  readonly realloc: boolean;
}

export function requireOptions(options: CanonOptions, needs: Needs, offset: number): void {
  if ((needs.memory || needs.realloc) && options.memory === undefined) {
    throw invalidComponent(offset, "canonical option `memory` is required");
  }
  if (needs.realloc && options.realloc === undefined) {
    throw invalidComponent(offset, "canonical option `realloc` is required");
  }
}

/** Whether values of the type have parts elsewhere in memory. */
export function hasPointer(type: ValueType): boolean {
  if (type.kind === "primitive") return type.type === "string";
  if (type.kind === "list" && type.length === undefined) return true;
  if (type.kind === "map") return true;
  if (type.kind === "stream" || type.kind === "future") return false;
  return partsOfValue(type).some((part) => part !== undefined && hasPointer(part));
}
