import { join } from "node:path";
import { checkCompiled, missingToolchain, type SourceFolder } from "./language.ts";
import { findOwnProgram } from "./own-program.ts";
import { findWorld, witFolder } from "./wit-world.ts";

const INSTALL = "cargo install --locked wasm-tools";

/** Whether a folder of C or Go says in WIT what its module imports and exports; such a module is called, and has no `main`. */
export function hasWorld({ names }: Pick<SourceFolder, "names">): boolean {
  return names.includes(witFolder);
}

/**
 * Compiles a module by `compile`, which is told where to, and writes the folder's world into a section of it, for hosts that make
 * components of such modules as they load them. Nothing stands between the module and WASI 0.1 then, as an adapter would.
 */
export async function compileForWorld(
  folder: SourceFolder,
  compile: (output: string) => Promise<void>,
): Promise<string> {
  const program = findOwnProgram(folder, "wasm-tools", join(".venv", "bin"));
  if (program === undefined) throw missingToolchain(folder, "it has a world, and there is no wasm-tools", INSTALL);
  const { name } = findWorld(folder);
  const plain = `${folder.output}.plain`;
  await compile(plain);
  const words = ["component", "embed", witFolder, "--world", name, plain, "--output", folder.output];
  checkCompiled(folder, "wasm-tools", await folder.tools.run([program, ...words], folder));
  return folder.output;
}
