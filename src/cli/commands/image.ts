import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { KwasmError, systemErrorCode } from "#base";
import { type ImageStore, pruneUnpacked } from "#image";
import { connectIfRunning } from "#local";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { formatBytes } from "../frame/measures.ts";
import { openImageStore } from "./image-store.ts";
import { refuseMore } from "./operands.ts";

export const imageCommand = defineCommand({
  name: "image",
  summary: "Free what images left on this machine",
  operands: "prune",
  description: `
Removes from the local store what no image's name needs any more: rests of pulls, builds and loads that were killed, and
of images that were replaced. Unpacked files of images that are gone go too, unless control runs, whose pods may use them.
Images that have a name stay; 'kwasm rmi' removes those.`,
  options: { force: { short: "f", summary: "Nothing is asked, with it or without it; for scripts of podman" } },
  async run({ operands, stateDirectory }, io) {
    const [action, ...rest] = operands;
    if (action !== "prune") throw new KwasmError("invalid-argument", "write 'kwasm image prune'");
    refuseMore(rest);
    const before = bytesOf(stateDirectory);
    const store = openImageStore(stateDirectory);
    for (const digest of store.prune()) io.stdout.write(`Deleted: ${digest}\n`);
    if ((await connectIfRunning(stateDirectory)) === undefined) pruneFilesOfGone(store, stateDirectory);
    io.stdout.write(`Total reclaimed space: ${formatBytes(Math.max(before - bytesOf(stateDirectory), 0))}\n`);
    return EXIT_OK;
  },
});

/** Files are unpacked under the digest of a manifest, which the store has as long as any name needs it. */
function pruneFilesOfGone(store: ImageStore, stateDirectory: string): void {
  pruneUnpacked(unpackedOf(stateDirectory), store.blobs());
}

function bytesOf(stateDirectory: string): number {
  const folders = [openImageStore(stateDirectory).layout.directory, unpackedOf(stateDirectory)];
  return folders
    .flatMap(listFiles)
    .reduce((sum, path) => sum + (lstatSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}

function unpackedOf(stateDirectory: string): string {
  return join(stateDirectory, "unpacked");
}

function listFiles(folder: string): readonly string[] {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw KwasmError.from(error, `reading "${folder}"`);
  }
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
