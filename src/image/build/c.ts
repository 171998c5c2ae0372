import { isAbsolute, join } from "node:path";
import { compileForWorld, hasWorld } from "./embed-world.ts";
import { checkCompiled, type Language, missingToolchain, type SourceFolder } from "./language.ts";
import type { ToolHost } from "./tool-host.ts";

/** A compiler with the options that make it find its WASI C library. */
interface Compiler {
  readonly program: string;
  readonly options: readonly string[];
}

/** Versions under which Debian installs clang, newest first; 14 is the first with a package of wasm32 builtins. */
const clangVersions = [22, 21, 20, 19, 18, 17, 16, 15, 14] as const;

/** The version that the install command names where there is no clang yet: Debian 12 and 13 both have it. */
const CLANG_VERSION_SUGGESTED = 19;

/** Debian's wasi-libc puts headers and libraries under the triple's older name. */
const DEBIAN_TRIPLE = "wasm32-wasi";
const debianOptions = [`--target=${DEBIAN_TRIPLE}`, "--sysroot=/usr", `-I/usr/include/${DEBIAN_TRIPLE}`] as const;

/** Optimised, without names and debug sections; `-s` also keeps the build folder's path out of the module. */
const commonOptions = ["-O2", "-s"] as const;

/** A module without `main`, made ready by `_initialize`. */
const reactor = "-mexec-model=reactor";

export const c: Language = {
  name: "C",
  mark: "*.c",
  claims: (names) => names.some(isSource),
  async compile(folder) {
    const compiler = await findCompiler(folder);
    if (hasWorld(folder)) {
      return compileForWorld(folder, (output) => compile(folder, compiler, [reactor, "-o", output]));
    }
    await compile(folder, compiler, ["-o", folder.output]);
    return folder.output;
  },
};

async function compile(folder: SourceFolder, { program, options }: Compiler, more: readonly string[]): Promise<void> {
  const sources = folder.names.filter(isSource).map((name) => `./${name}`);
  const command = [program, ...options, ...commonOptions, ...more, ...sources] as const;
  checkCompiled(folder, program, await folder.tools.run([...command], folder));
}

function isSource(name: string): boolean {
  return name.endsWith(".c");
}

/** The first that is whole of: a wasi-sdk that the user points to, clang with Debian's wasi-libc, zig. */
async function findCompiler(folder: SourceFolder): Promise<Compiler> {
  const { tools } = folder;
  const found = findWasiSdk(tools) ?? (await findClang(folder)) ?? findZig(tools);
  if (found !== undefined) return found;
  const present = clangVersions.find((version) => tools.findProgram(`clang-${version}`) !== undefined);
  const version = present ?? CLANG_VERSION_SUGGESTED;
  throw missingToolchain(
    folder,
    "it is C, and there is no clang with a linker, builtins and a C library for WASI",
    `apt-get install clang-${version} lld-${version} wasi-libc libclang-rt-${version}-dev-wasm32`,
  );
}

function findWasiSdk(tools: ToolHost): Compiler | undefined {
  const root = tools.env["WASI_SDK_PATH"];
  if (root === undefined || root === "") return undefined;
  const program = join(root, "bin", "clang");
  if (!tools.exists(program)) return undefined;
  return { program, options: ["--target=wasm32-wasip1", `--sysroot=${join(root, "share", "wasi-sysroot")}`] };
}

async function findClang(folder: SourceFolder): Promise<Compiler | undefined> {
  const { tools } = folder;
  if (!tools.exists(`/usr/lib/${DEBIAN_TRIPLE}/libc.a`)) return undefined;
  for (const name of [...clangVersions.map((version) => `clang-${version}`), "clang"]) {
    if (tools.findProgram(name) !== undefined && (await isWhole(name, folder))) {
      return { program: name, options: debianOptions };
    }
  }
  return undefined;
}

/** Linker and builtins are packages of their own; clang itself says where it would look for them. */
async function isWhole(clang: string, folder: SourceFolder): Promise<boolean> {
  const linker = await ask(clang, ["-print-prog-name=wasm-ld"], folder);
  const builtins = await ask(clang, [debianOptions[0], "--rtlib=compiler-rt", "-print-libgcc-file-name"], folder);
  const { tools } = folder;
  return (
    (isAbsolute(linker) ? tools.exists(linker) : tools.findProgram(linker) !== undefined) && tools.exists(builtins)
  );
}

async function ask(clang: string, words: readonly string[], folder: SourceFolder): Promise<string> {
  return (await folder.tools.run([clang, ...words], folder)).stdout.trim();
}

function findZig(tools: ToolHost): Compiler | undefined {
  if (tools.findProgram("zig") === undefined) return undefined;
  return { program: "zig", options: ["cc", "-target", DEBIAN_TRIPLE] };
}
