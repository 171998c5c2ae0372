import { HostError } from "#engine";

import type { Look } from "./command.ts";

/** A path of the user as the tree of the guest's files takes it: relative to its root. */
export function treePathOf(path: string, { workingDirectory }: Look): string {
  const absolute = path.startsWith("/") ? path : `${workingDirectory}/${path}`;
  return absolute.replace(/^\/+/u, "") || ".";
}

const wordsOfCodes: Readonly<Record<string, string>> = {
  access: "permission denied",
  "no-entry": "no such file or directory",
  "not-permitted": "it leads out of the container's files",
  unsupported: "it is neither a file nor a directory",
};

/** Tells why a path could not be looked at; what is not the fault of the path is thrown on. */
export async function complainOf(look: Look, path: string, thrown: unknown): Promise<void> {
  if (!(thrown instanceof HostError) || thrown.code === "pipe") throw thrown;
  await look.complain(`${path}: ${wordsOfCodes[thrown.code] ?? thrown.code.replaceAll("-", " ")}`);
}

/** What is said of every path of a guest without files. */
export function noFiles(): HostError {
  return new HostError("no-entry", "look at a file: the guest was given none");
}
