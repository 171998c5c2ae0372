import { type Stats, statSync } from "node:fs";

import { KwasmError } from "#base";
import { findFile, programKindOf } from "#image";

import type { Bundle, BundleMount } from "../bundle.ts";

/** Whether runc is to run a container, whose root file system is mounted: its command names a native program. */
export function isNativeProgram(bundle: Bundle): boolean {
  return programKindOf(bundle, (path) => findInContainer(bundle, path)) === "native";
}

/** Where on this machine a file of the container is: in its root, or in what is bound over that place. */
function findInContainer({ rootPath, mounts }: Bundle, path: string): string | undefined {
  const [over] = mounts
    .filter((mount) => isBind(mount) && isUnder(path, mount.destination))
    .toSorted((left, right) => right.destination.length - left.destination.length);
  if (over === undefined) return findFile(rootPath, path)?.path;
  const stats = statsOf(over.source);
  if (stats?.isDirectory() === true) return findFile(over.source, path.slice(over.destination.length))?.path;
  return stats?.isFile() === true ? over.source : undefined;
}

function isBind({ options }: BundleMount): boolean {
  return options.includes("bind") || options.includes("rbind");
}

function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw KwasmError.from(error, `look at volume "${path}"`);
  }
}
