import type { ModuleLayout } from "../../loader/index.ts";
import { factsOf, factsOfExterns } from "../types/make-type.ts";
import type { ComponentType, FunctionType, InstanceType } from "../types/types.ts";

/** What a command of WASI 0.1 exports. */
const startName = "_start";

export function isCommandModule({ exports }: Pick<ModuleLayout, "exports">): boolean {
  return exports.some(({ name, kind }) => name === startName && kind === "function");
}

/** The world of such a command: its start is a function without parameters, and all else it has of WASI 0.1. */
export function commandWorld(): ComponentType {
  const type: FunctionType = { kind: "function", async: false, parameters: [], result: undefined, ...factsOf([]) };
  const exports: InstanceType["exports"] = new Map([[startName, { kind: "func", type }]]);
  const none = { resources: [], outward: 0 } as const;
  const instance: InstanceType = { kind: "instance type", exports, ...none, ...factsOfExterns(exports.values()) };
  return { ...instance, kind: "component type", imports: new Map(), importedResources: [], instance };
}
