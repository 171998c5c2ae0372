import { writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { basename, dirname, join } from "node:path";
import { KwasmError } from "#base";
import { checkCompiled, type Language, missingToolchain, type SourceFolder } from "./language.ts";
import { findOwnProgram } from "./own-program.ts";
import { findWorld, witFolder } from "./wit-world.ts";

interface Parts {
  readonly source: string;
  readonly world: string;
  readonly output: string;
  /** What the engine would import for itself although the world does not name it. */
  readonly disabled: readonly string[];
}

interface Componentizer {
  /** The program, and the last word of its package. */
  readonly name: string;
  readonly wordsOf: (parts: Parts) => readonly string[];
}

const quickJs: Componentizer = { name: "componentize-qjs", wordsOf: wordsOfQuickJs };
const starlingMonkey: Componentizer = { name: "componentize-js", wordsOf: wordsOfStarlingMonkey };

function wordsOfQuickJs({ source, world, output }: Parts): readonly string[] {
  return ["--wit", witFolder, "--world", world, "--js", source, "--output", output];
}

function wordsOfStarlingMonkey({ source, world, output, disabled }: Parts): readonly string[] {
  const features = disabled.flatMap((feature) => ["--disable", feature]);
  return [source, "--wit", witFolder, "--world-name", world, ...features, "--out", output];
}

export const javascript: Language = {
  name: "JavaScript or TypeScript",
  mark: "package.json with wit/",
  claims: (names) => names.includes("package.json") && names.includes(witFolder),
  async compile(folder) {
    const manifest = readManifest(folder);
    const { name, program, wordsOf } = findComponentizer(folder, manifest);
    const { name: world, text } = findWorld(folder);
    const disabled = text.includes("wasi:http") ? [] : ["http", "fetch-event"];
    const words = wordsOf({ source: sourceOf(folder, manifest), world, output: folder.output, disabled });
    checkCompiled(folder, name, await folder.tools.run([program, ...words], folder));
    return folder.output;
  },
};

/** StarlingMonkey brings QuickJS' program along, so what the project itself names decides. */
function findComponentizer(folder: SourceFolder, { packages }: Manifest) {
  const order = packages.includes(quickJs.name) ? [quickJs, starlingMonkey] : [starlingMonkey, quickJs];
  for (const { name, wordsOf } of order) {
    const program = findOwnProgram(folder, name, "node_modules/.bin");
    if (program !== undefined) return { name, program, wordsOf };
  }
  throw missingToolchain(
    folder,
    `it is JavaScript, and there is no ${order.map(({ name }) => name).join(" or ")}`,
    "npm install --save-dev @bytecodealliance/componentize-js",
  );
}

/** The file that the project begins in. Of one in TypeScript the types are taken out; it is the only file then. */
function sourceOf({ directory, tools, output }: SourceFolder, { main }: Manifest): string {
  if (!main.endsWith(".ts")) return main;
  const text = tools.readText(join(directory, main));
  if (text === undefined) throw new KwasmError("not-found", `building "${directory}": there is no "${main}" in it`);
  const stripped = join(dirname(output), `${basename(main, ".ts")}.js`);
  writeFileSync(stripped, stripTypes(text, join(directory, main)));
  return stripped;
}

/** What is read of package.json. */
interface Manifest {
  readonly main: string;
  /** Names of the packages that it depends on. */
  readonly packages: readonly string[];
}

function readManifest({ directory, tools }: SourceFolder): Manifest {
  const manifest = parseManifest(tools.readText(join(directory, "package.json")) ?? "", directory);
  const { main, dependencies, devDependencies } = manifest;
  return {
    main: typeof main === "string" ? main : "index.js",
    packages: [dependencies, devDependencies].flatMap(namesIn),
  };
}

function namesIn(list: unknown): readonly string[] {
  return typeof list === "object" && list !== null ? Object.keys(list) : [];
}

interface ManifestDocument {
  readonly main?: unknown;
  readonly dependencies?: unknown;
  readonly devDependencies?: unknown;
}

function parseManifest(text: string, directory: string): ManifestDocument {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === "object" && document !== null) return document;
  } catch (error) {
    throw new KwasmError("invalid-argument", `building "${directory}": its package.json is no JSON`, { cause: error });
  }
  throw new KwasmError("invalid-argument", `building "${directory}": its package.json is no object`);
}

function stripTypes(text: string, path: string): string {
  try {
    return stripTypeScriptTypes(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KwasmError("invalid-argument", `building "${path}": its types cannot be taken out, ${reason}`, {
      cause: error,
    });
  }
}
