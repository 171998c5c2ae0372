import { invalidComponent } from "../parser/component-reader.ts";
import type { CoreTypeSource } from "../parser/definitions.ts";
import type { CoreExternType, CoreFunctionType, ModuleType } from "../types/core-types.ts";
import { resolveCoreExtern } from "../types/module-type.ts";
import { at, type Scope } from "./scope.ts";

/** The type that an entry of a core type section means in a scope. */
export function defineCoreType(source: CoreTypeSource, scope: Scope): CoreFunctionType | ModuleType {
  if (source.kind === "func") return source;
  const types: CoreFunctionType[] = [];
  const imports: ModuleType["imports"][number][] = [];
  const exports = new Map<string, CoreExternType>();
  for (const declaration of source.declarations) {
    switch (declaration.kind) {
      case "type":
        if (declaration.type.kind !== "func") {
          throw invalidComponent(declaration.offset, "a module type in a module type");
        }
        types.push(declaration.type);
        break;
      case "alias outer":
        types.push(outerCoreType(declaration, types, scope));
        break;
      case "import": {
        const type = externOf(declaration.type, types, declaration.offset);
        if (imports.some((entry) => entry.module === declaration.module && entry.name === declaration.name)) {
          throw invalidComponent(
            declaration.offset,
            `duplicate import name "${declaration.module}:${declaration.name}"`,
          );
        }
        imports.push({ module: declaration.module, name: declaration.name, type });
        break;
      }
      case "export":
        if (exports.has(declaration.name)) {
          throw invalidComponent(declaration.offset, `export name "${declaration.name}" already defined`);
        }
        exports.set(declaration.name, externOf(declaration.type, types, declaration.offset));
    }
  }
  return { kind: "module", imports, exports };
}

function externOf(
  source: Parameters<typeof resolveCoreExtern>[0],
  types: readonly CoreFunctionType[],
  offset: number,
): CoreExternType {
  if (source.kind === "func" || source.kind === "tag") at(types, source.type, "core type", offset);
  if (source.kind === "memory" && Math.max(source.initial, source.maximum ?? 0) > 65_536) {
    throw invalidComponent(offset, "memory size must be at most 65536 pages");
  }
  if ((source.kind === "memory" || source.kind === "table") && source.initial > (source.maximum ?? Infinity)) {
    throw invalidComponent(offset, "size minimum must not be greater than maximum");
  }
  return resolveCoreExtern(source, types);
}

/** The first scope outwards is the module type itself. */
function outerCoreType(
  { count, index, offset }: { count: number; index: number; offset: number },
  types: readonly CoreFunctionType[],
  scope: Scope,
): CoreFunctionType {
  if (count === 0) return at(types, index, "core type", offset);
  let target: Scope | undefined = scope;
  for (let left = count - 1; left > 0; left -= 1) target = target?.parent;
  if (target === undefined) throw invalidComponent(offset, `invalid outer alias count of "${count}"`);
  const type = at(target.coreTypes, index, "core type", offset);
  if (type.kind !== "func") throw invalidComponent(offset, "an alias of a module type in a module type");
  return type;
}
