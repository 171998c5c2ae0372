/** Who may import whom: ARCHITECTURE.md says why. A part that is not here may not exist. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  base: [],
  api: ["base"],
  engine: ["base"],
  image: ["base"],
  spin: ["base"],
  proto: ["base"],
  ttrpc: ["base", "proto"],
  grpc: ["base", "proto", "ttrpc"],
  "spin-host": ["base", "engine", "spin"],
  node: ["base", "engine", "spin", "spin-host"],
  shim: ["base", "api", "proto", "ttrpc", "grpc", "image", "spin", "node"],
  local: ["base", "api", "image", "spin", "node"],
  kube: ["base", "api"],
  operator: ["base", "api", "kube"],
  installer: ["base", "api", "proto", "grpc"],
  cli: ["base", "api", "engine", "image", "spin", "node", "local", "kube", "operator", "installer"],
  // Fixtures for tests: any façade, and no product file imports it.
  testing: ["base", "api", "engine", "image", "node", "local", "kube"],
};

/** The part that a file belongs to, or undefined for tools, tests and benchmarks outside `src`. */
export function partOf(path: string): string | undefined {
  const [top, part, ...rest] = path.split("/");
  return top === "src" && rest.length > 0 ? part : undefined;
}
