import { execFileSync } from "node:child_process";
import { basename } from "node:path";

import { KwasmError } from "#base";

/** A shared library as a program asks for it, and the file of this machine that has it. */
export interface SharedLibrary {
  readonly name: string;
  readonly path: string;
}

/**
 * The libraries that programs need, and the dynamic loader that they name. The loader itself is asked, as ldd(1) does:
 * told so by this variable, it lists what it would load, and the program does not run.
 */
export function listSharedLibraries(...programs: readonly string[]): readonly SharedLibrary[] {
  const libraries = programs.flatMap((program) => {
    const listed = execFileSync(program, { encoding: "utf8", env: { LD_TRACE_LOADED_OBJECTS: "1" } });
    return parseListing(listed, program);
  });
  return [...new Map(libraries.map((library) => [library.name, library])).values()];
}

/** Lines are `NAME => PATH (ADDRESS)`, the loader's is `PATH (ADDRESS)`, and the kernel's own library has no path. */
export function parseListing(listed: string, program: string): readonly SharedLibrary[] {
  const libraries = listed.split("\n").flatMap((line): SharedLibrary[] => {
    const { name, path } = /^\s*(?:(?<name>\S+) => )?(?<path>\/\S+) \(0x/u.exec(line)?.groups ?? {};
    return path === undefined ? [] : [{ name: name === undefined ? basename(path) : basename(name), path }];
  });
  const missing = /^\s*(\S+) => not found$/mu.exec(listed)?.[1];
  if (missing !== undefined) {
    throw new KwasmError("not-found", `list what "${program}" needs: "${missing}" is not on this machine; install it`);
  }
  if (libraries.length === 0) {
    throw new KwasmError("unsupported", `list what "${program}" needs: it is linked statically, so copy it alone`);
  }
  return libraries;
}

/** The one among them that loads the others. */
export function findLoader(libraries: readonly SharedLibrary[]): SharedLibrary {
  const loader = libraries.find(({ name }) => /^ld[-\d].*\.so/u.test(name));
  if (loader !== undefined) return loader;
  const names = libraries.map(({ name }) => name).join(", ");
  throw new KwasmError("unsupported", `find the dynamic loader among "${names}": none is called ld-*.so or ld*.so`);
}
