import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";

import { KwasmError } from "#base";
import type { SharedLibrary } from "./shared-libraries.ts";

const licenceName = /^(?:licen[cs]e|copying|notice)/iu;

/** Copies the licences of all that a layout ships: ours, Node's, the bundled packages' and the libraries'. */
export function copyLicences(root: string, libraries: readonly SharedLibrary[], target: string): void {
  copyLicencesOf(root, join(target, "kwasm"));
  for (const path of listShippedPackages(root)) {
    copyLicencesOf(join(root, path), join(target, path.slice("node_modules/".length).replaceAll("/", "+")));
  }
  for (const owner of new Set(libraries.map(findDebianPackage))) {
    // Some refer to the common texts that every Debian has beside them.
    copyFile(`/usr/share/doc/${owner}/copyright`, join(target, owner), "copyright");
  }
  cpSync("/usr/share/common-licenses", join(target, "common-licenses"), { recursive: true, dereference: true });
}

/** What the lock file installs for more than development: all of it is bundled, or is Node itself. */
function listShippedPackages(root: string): readonly string[] {
  // npm writes this file; tools/tidy holds what we rely on.
  const lock = JSON.parse(readFileSync(join(root, "node_modules/.package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>;
  };
  const shipped = Object.entries(lock.packages).filter(
    ([, { dev, devOptional }]) => dev !== true && devOptional !== true,
  );
  return shipped.map(([path]) => path);
}

/** A package without a file of its licence names it in its manifest. */
function copyLicencesOf(directory: string, target: string): void {
  const names = readdirSync(directory).filter((name) => licenceName.test(name));
  for (const name of names.length === 0 ? ["package.json"] : names) copyFile(join(directory, name), target, name);
}

function copyFile(source: string, directory: string, name: string): void {
  mkdirSync(directory, { recursive: true });
  cpSync(source, join(directory, name), { dereference: true });
}

/** Debian knows files by the paths at which their packages have them, which may lead through links since. */
function findDebianPackage({ path }: SharedLibrary): string {
  const real = realpathSync(path);
  try {
    const found = execFileSync("dpkg-query", ["--search", `*/${basename(real)}`], { encoding: "utf8" });
    const lines = found.split("\n").map((line) => line.split(": "));
    const [owners] = lines.find(([, file]) => file !== undefined && isSameFile(file, real)) ?? [];
    if (owners !== undefined) return owners.split(":")[0] ?? owners;
  } catch (error) {
    throw KwasmError.from(
      error,
      `find the Debian package of "${path}", whose licence is shipped; use a Debian machine`,
    );
  }
  throw new KwasmError("not-found", `find the Debian package of "${path}": none has it; use a library of Debian's`);
}

function isSameFile(path: string, real: string): boolean {
  try {
    return realpathSync(path) === real;
  } catch {
    // A package's file that was moved away is not the one that we ship.
    return false;
  }
}
