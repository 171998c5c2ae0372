import { createHash } from "node:crypto";
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, relative, resolve } from "node:path";

import { runtimeHandlers, shimFileOf } from "#api";
import { KwasmError, systemErrorCode, writeFileAtomic } from "#base";
import packageManifest from "../../package.json" with { type: "json" };
import { copyLicences } from "./licences.ts";
import { findLoader, listSharedLibraries } from "./shared-libraries.ts";

const root = resolve(import.meta.dirname, "../..");

/** So many digits of the digest tell the builds of one version apart. */
const DIGEST_DIGITS = 12;

/** What containerd looks for in the layout. */
export const shimNames: readonly string[] = [...new Set(runtimeHandlers.map(shimFileOf))];

/**
 * Adds what this checkout is to the layout in `directory`, and answers the version's name. There is no link in a
 * layout, since some ways to copy it to a node follow links and others drop them.
 */
export async function writeLayout(directory: string): Promise<string> {
  const versions = join(directory, "lib/kwasm");
  mkdirSync(versions, { recursive: true });
  const scratch = mkdtempSync(join(versions, ".new-"));
  try {
    chmodSync(scratch, 0o755);
    writeRuntime(scratch);
    const version = `${packageManifest.version}-${digestOf(scratch).slice(0, DIGEST_DIGITS)}`;
    placeVersion(scratch, join(versions, version));
    writeShims(join(directory, "bin"));
    // Last: whoever reads it finds all in place.
    writeFileAtomic(join(versions, "current"), `${version}\n`);
    return version;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function writeRuntime(directory: string): void {
  // Of util-linux: not every busybox has one, and the shim's starts wait for each other by it.
  const flock = { name: "flock", path: findProgram("flock") };
  const libraries = listSharedLibraries(process.execPath, flock.path);
  const loader = findLoader(libraries);
  for (const folder of ["bin", "lib"]) mkdirSync(join(directory, folder));
  copy(process.execPath, join(directory, "bin/node"), 0o755);
  copy(flock.path, join(directory, "bin", flock.name), 0o755);
  for (const { name, path } of libraries) {
    copy(path, join(directory, "lib", name), name === loader.name ? 0o755 : 0o644);
  }
  const bundle = realpathSync(join(root, "dist/current"));
  for (const name of readdirSync(bundle).filter((file) => /\.js(?:on)?$/u.test(file))) {
    copy(join(bundle, name), join(directory, name), 0o644);
  }
  // The name of the loader is the machine's; the shim reads it here.
  writeFileSync(join(directory, "loader"), `${loader.name}\n`);
  copyLicences(root, [...libraries, flock], join(directory, "licences"));
}

/** Where this machine has a program. */
export function findProgram(name: string): string {
  const paths = (process.env["PATH"] ?? "").split(":").map((folder) => join(folder, name));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path !== undefined) return path;
  throw new KwasmError("not-found", `find "${name}" in PATH: it is not there; install util-linux`);
}

/** A version that is there already has the same content, and processes may run from it. */
function placeVersion(scratch: string, target: string): void {
  try {
    renameSync(scratch, target);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOTEMPTY") throw error;
  }
}

/** Each is replaced in one step: containerd may start it at any moment. */
function writeShims(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const name of shimNames) {
    const scratch = join(directory, `.${name}`);
    copy(join(root, "src/shim/containerd-shim-kwasm-v1"), scratch, 0o755);
    renameSync(scratch, join(directory, name));
  }
}

function copy(source: string, target: string, mode: number): void {
  copyFileSync(realpathSync(source), target, constants.COPYFILE_FICLONE);
  chmodSync(target, mode);
}

function digestOf(directory: string): string {
  const hash = createHash("sha256");
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).toSorted()) {
    const content = readFileSync(path);
    hash.update(`${relative(directory, path)} ${content.byteLength}\n`).update(content);
  }
  return hash.digest("hex");
}
