import { KwasmError } from "#base";
import { coreTypeOf, type FunctionPlan } from "../abi/function-plan.ts";
import { AbiPlanner } from "../abi/planner.ts";
import {
  type CoreExternType,
  type CoreFunctionType,
  type ModuleImportType,
  type ModuleType,
  sameCoreFunction,
} from "../types/core-types.ts";
import type { ComponentType, ExternType, FunctionType } from "../types/types.ts";
import { nameOfToday } from "./old-interfaces.ts";
import { reallocType } from "../validate/canon-options.ts";
import type { MergedWorld } from "./merge-worlds.ts";

/** What stands for one function that a module imports. */
export type ImportPlan = { readonly module: string; readonly name: string } & (
  | {
      readonly kind: "lower";
      readonly interfaceName: string | undefined;
      /** The function's name in the world, which may be another than the module's. */
      readonly member: string;
      readonly plan: FunctionPlan;
    }
  | { readonly kind: "drop"; readonly slot: number }
  /** Of no interface of the world: a function of the host's for core modules. */
  | { readonly kind: "core" }
);

/** A function of the world that a module exports. */
export interface ExportPlan {
  readonly interfaceName: string | undefined;
  readonly name: string;
  readonly coreName: string;
  readonly postReturn: string | undefined;
  readonly plan: FunctionPlan;
}

/** How an instance of a module becomes one of a component. */
export interface ModulePlan {
  /** The name of its allocator; none where it has none. */
  readonly realloc: string | undefined;
  readonly imports: readonly ImportPlan[];
  readonly exports: readonly ExportPlan[];
}

const plainOptions = { async: false, callback: undefined } as const;
/** Functions of the world itself are imported from here. */
export const rootModule = "$root";
/** The second is that of wit-bindgen 0.2. */
const reallocNames = ["cabi_realloc", "canonical_abi_realloc"];
const dropPrefix = "[resource-drop]";
const dropType: CoreFunctionType = { kind: "func", parameters: ["i32"], results: [] };

/**
 * Finds for what a module imports and exports the functions of its world, by the names that binding generators give them
 * (wit-parser, Resolve::wasm_import_name), and checks that their types are those of the canonical ABI.
 */
export function planModule(module: ModuleType, world: MergedWorld): ModulePlan {
  const planner = new AbiPlanner(world.slotOf);
  return {
    realloc: planRealloc(module.exports),
    imports: module.imports.map((entry) => planImport(entry, world, planner)),
    exports: Array.from(world.type.instance.exports).flatMap(([name, extern]) =>
      planExports(name, extern, module.exports, planner),
    ),
  };
}

function planImport(entry: ModuleImportType, world: MergedWorld, planner: AbiPlanner): ImportPlan {
  const { module, name, type } = entry;
  const { imports } = world.type;
  const today = imports.has(module) ? undefined : nameOfToday(module, name);
  if (today === undefined || !imports.has(today.module)) return planNamed(entry, world, planner);
  const planned = planNamed({ ...today, type }, world, planner);
  return planned.kind === "lower" ? { ...planned, module, name } : planned;
}

function planNamed({ module, name, type }: ModuleImportType, world: MergedWorld, planner: AbiPlanner): ImportPlan {
  if (type.kind !== "func") throw unfit(`it imports a ${type.kind} "${name}" from "${module}"`);
  const members = membersOf(module, world.type);
  if (members === undefined) return { kind: "core", module, name };
  const resource = name.startsWith(dropPrefix) ? members.get(name.slice(dropPrefix.length)) : undefined;
  if (resource?.kind === "type" && resource.type.kind === "resource") {
    check(`${module}#${name}`, type, dropType);
    return { kind: "drop", module, name, slot: world.slotOf(resource.type.identity) };
  }
  const member = members.get(name);
  if (member?.kind !== "func") throw unfit(`it imports "${name}" from "${module}", which its world does not have`);
  const plan = planFunction(name, member.type, planner);
  check(`${module}#${name}`, type, coreTypeOf(plan, "lower", plainOptions));
  const interfaceName = module === rootModule ? undefined : module;
  return { kind: "lower", module, name, interfaceName, member: name, plan };
}

function membersOf(module: string, { imports }: ComponentType): ReadonlyMap<string, ExternType> | undefined {
  if (module === rootModule) return imports;
  const instance = imports.get(module);
  return instance?.kind === "instance" ? instance.type.exports : undefined;
}

/** Functions of async type came when SDKs made components themselves. */
function planFunction(name: string, type: FunctionType, planner: AbiPlanner): FunctionPlan {
  if (type.async) throw unfit(`"${name}" is a function of async type`);
  return planner.function(type);
}

/** Of a world that several libraries have, a module may export a part. */
function planExports(
  name: string,
  extern: ExternType,
  exports: ModuleType["exports"],
  planner: AbiPlanner,
): ExportPlan[] {
  if (extern.kind === "func") return planExport({ name, interfaceName: undefined, extern }, exports, planner);
  if (extern.kind !== "instance") return [];
  return Array.from(extern.type.exports).flatMap(([member, inner]) =>
    inner.kind === "func" ? planExport({ name: member, interfaceName: name, extern: inner }, exports, planner) : [],
  );
}

interface ExportedFunction {
  readonly name: string;
  readonly interfaceName: string | undefined;
  readonly extern: Extract<ExternType, { kind: "func" }>;
}

function planExport(
  { name, interfaceName, extern }: ExportedFunction,
  exports: ModuleType["exports"],
  planner: AbiPlanner,
): ExportPlan[] {
  const coreName = interfaceName === undefined ? name : `${interfaceName}#${name}`;
  const callee = exports.get(coreName);
  if (callee === undefined) return [];
  const plan = planFunction(coreName, extern.type, planner);
  const expected = coreTypeOf(plan, "lift", plainOptions);
  check(coreName, callee, expected);
  const postReturn = `cabi_post_${coreName}`;
  const after = exports.get(postReturn);
  if (after !== undefined) check(postReturn, after, { kind: "func", parameters: expected.results, results: [] });
  return [{ interfaceName, name, coreName, plan, postReturn: after === undefined ? undefined : postReturn }];
}

function planRealloc(exports: ModuleType["exports"]): string | undefined {
  const name = reallocNames.find((known) => exports.has(known));
  const type = name === undefined ? undefined : exports.get(name);
  if (name !== undefined && type !== undefined) check(name, type, reallocType);
  return name;
}

function check(name: string, actual: CoreExternType, expected: CoreFunctionType): void {
  if (actual.kind === "func" && sameCoreFunction(actual, expected)) return;
  throw new KwasmError(
    "corrupt",
    `reading a module: "${name}" is not of the type that its world gives it; build the module anew`,
  );
}

function unfit(problem: string): KwasmError {
  return new KwasmError("unsupported", `making a component of a module: ${problem}; build it as a component`);
}
