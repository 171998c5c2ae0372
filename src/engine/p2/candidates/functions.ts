import type { HostInterface } from "../../component/index.ts";

type Functions = HostInterface["functions"];

/** Those of these names, under the names that they have elsewhere. */
export function renamed(functions: Functions, names: Readonly<Record<string, string>>): Functions {
  return Object.fromEntries(
    Object.entries(names).map(([name, source]) => {
      const found = functions[source];
      if (found === undefined) throw new TypeError(`WASI 0.2 has no function "${source}"`);
      return [name, found];
    }),
  );
}

/** Those whose names begin so. */
export function beginningWith(functions: Functions, ...beginnings: readonly string[]): Functions {
  const isWanted = (name: string): boolean => beginnings.some((beginning) => name.startsWith(beginning));
  return Object.fromEntries(Object.entries(functions).filter(([name]) => isWanted(name)));
}

/** All but those whose names end so. */
export function notEndingWith(functions: Functions, ...ends: readonly string[]): Functions {
  const isOther = (name: string): boolean => !ends.some((end) => name.endsWith(end));
  return Object.fromEntries(Object.entries(functions).filter(([name]) => isOther(name)));
}
