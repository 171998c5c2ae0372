import type { ModuleLayout } from "../../loader/index.ts";
import type { ComponentType } from "../types/types.ts";
import { functionType, instanceType } from "./type-words.ts";

/** What a command of WASI 0.1 exports. */
const startName = "_start";

export function isCommandModule({ exports }: Pick<ModuleLayout, "exports">): boolean {
  return exports.some(({ name, kind }) => name === startName && kind === "function");
}

/** The world of such a command: its start is a function without parameters, and all else it has of WASI 0.1. */
export function commandWorld(): ComponentType {
  const instance = instanceType({ [startName]: functionType({}) });
  return { ...instance, kind: "component type", imports: new Map(), importedResources: [], instance };
}
