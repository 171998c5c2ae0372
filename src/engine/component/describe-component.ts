import { parseComponent } from "./parser/parse-component.ts";
import type { ComponentType, ExternType } from "./types/types.ts";
import { validateComponent } from "./validate/component.ts";
import { printWit, type WitText } from "./wit/print-world.ts";
import type { ExternName, FunctionOfExport } from "./component.ts";

/** What a component says of itself. */
export interface ComponentDescription {
  readonly imports: readonly ExternName[];
  readonly exports: readonly ExternName[];
  readonly wit: WitText;
}

/** Reads and checks a component without compiling anything of it. Throws a KwasmError that says what is wrong and where. */
export function describeComponent(bytes: Uint8Array): ComponentDescription {
  const { type } = validateComponent(parseComponent(bytes), bytes);
  return { ...externNamesOf(type), wit: printWit(type) };
}

/** All functions that can be called from outside. */
export function functionsOfExports({ instance }: ComponentType): readonly FunctionOfExport[] {
  return Array.from(instance.exports).flatMap(([name, extern]): FunctionOfExport[] => {
    if (extern.kind === "func") return [{ name, interfaceName: undefined, type: extern.type }];
    if (extern.kind !== "instance") return [];
    return Array.from(extern.type.exports).flatMap(([member, { kind, type }]) =>
      kind === "func" ? [{ name: member, interfaceName: name, type }] : [],
    );
  });
}

/** The names of what a component imports and exports. */
export function externNamesOf({ imports, instance }: ComponentType): Pick<ComponentDescription, "imports" | "exports"> {
  return { imports: namesOf(imports), exports: namesOf(instance.exports) };
}

function namesOf(externs: ReadonlyMap<string, ExternType>): ExternName[] {
  return Array.from(externs, ([name, extern]) => ({ kind: extern.kind, name, functions: functionsOf(extern) }));
}

function functionsOf(extern: ExternType): string[] {
  if (extern.kind !== "instance") return [];
  return Array.from(extern.type.exports).flatMap(([name, { kind }]) => (kind === "func" ? [name] : []));
}
