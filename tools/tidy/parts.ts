/** Who may import whom: ARCHITECTURE.md says why. A part that is not here may not exist. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  base: [],
  api: ["base"],
  engine: ["base"],
  image: ["base"],
  proto: ["base"],
  ttrpc: ["base", "proto"],
  node: ["base", "engine"],
  shim: ["base", "api", "proto", "ttrpc", "image", "node"],
  local: ["base", "api", "image", "node"],
  cli: ["base", "api", "engine", "image", "node", "local"],
  // Fixtures for tests: any façade, and no product file imports it.
  testing: ["base", "api", "engine", "image", "node", "local"],
};

/** The part that a file belongs to, or undefined for tools, tests and benchmarks outside `src`. */
export function partOf(path: string): string | undefined {
  const [top, part, ...rest] = path.split("/");
  return top === "src" && rest.length > 0 ? part : undefined;
}
