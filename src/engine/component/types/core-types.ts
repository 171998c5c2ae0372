/** A function of core WebAssembly; types are the words of the text format. */
export interface CoreFunctionType {
  readonly kind: "func";
  readonly parameters: readonly string[];
  readonly results: readonly string[];
}

export interface SizeLimits {
  readonly initial: number;
  readonly maximum: number | undefined;
}

export type CoreExternType =
  | CoreFunctionType
  | { readonly kind: "tag"; readonly type: CoreFunctionType }
  | ({ readonly kind: "table"; readonly element: string } & SizeLimits)
  | ({ readonly kind: "memory" } & SizeLimits)
  | { readonly kind: "global"; readonly type: string; readonly mutable: boolean };

export interface ModuleImportType {
  readonly module: string;
  readonly name: string;
  readonly type: CoreExternType;
}

export interface ModuleType {
  readonly kind: "module";
  readonly imports: readonly ModuleImportType[];
  readonly exports: ReadonlyMap<string, CoreExternType>;
}

export function sameCoreFunction(one: CoreFunctionType, other: CoreFunctionType): boolean {
  return sameWords(one.parameters, other.parameters) && sameWords(one.results, other.results);
}

function sameWords(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}

/** Whether something of type `actual` may stand where `expected` is imported. */
export function coreExternMatches(actual: CoreExternType, expected: CoreExternType): boolean {
  switch (expected.kind) {
    case "func":
      return actual.kind === "func" && sameCoreFunction(actual, expected);
    case "tag":
      return actual.kind === "tag" && sameCoreFunction(actual.type, expected.type);
    case "table":
      return actual.kind === "table" && actual.element === expected.element && limitsMatch(actual, expected);
    case "memory":
      return actual.kind === "memory" && limitsMatch(actual, expected);
    case "global":
      return actual.kind === "global" && actual.type === expected.type && actual.mutable === expected.mutable;
  }
}

function limitsMatch(actual: SizeLimits, expected: SizeLimits): boolean {
  if (actual.initial < expected.initial) return false;
  return expected.maximum === undefined || (actual.maximum !== undefined && actual.maximum <= expected.maximum);
}

/** Whether a module of type `actual` may stand where `expected` is wanted: it asks for no more and gives no less. */
export function moduleMatches(actual: ModuleType, expected: ModuleType): boolean {
  for (const [name, type] of expected.exports) {
    const given = actual.exports.get(name);
    if (given === undefined || !coreExternMatches(given, type)) return false;
  }
  const offered = new Map(expected.imports.map((entry) => [keyOf(entry), entry.type]));
  return actual.imports.every((entry) => {
    const type = offered.get(keyOf(entry));
    return type !== undefined && coreExternMatches(type, entry.type);
  });
}

function keyOf({ module, name }: ModuleImportType): string {
  return `${module.length}:${module}${name}`;
}
