/**
 * Bundles every entry of the product into `dist/builds/<id>/` and then moves the link `dist/current` there, so that a
 * reader sees one whole build or the other. A control process keeps the build that it was started from: its cells
 * must speak its protocol.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { rolldown } from "rolldown";

import { bundleEntries, entriesWithLaterFiles } from "./bundle-entries.ts";

/** Old builds that stay for the processes that run from them; more would grow a developer's folder without end. */
const BUILDS_KEPT = 8;

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");

try {
  await makeBuild();
} catch (error) {
  // What does not resolve is said in the first lines; the stack would only show the bundler.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function makeBuild(): Promise<void> {
  const startedAt = Date.now();
  const id = `${startedAt}-${process.pid}`;
  const directory = join(dist, "builds", id);
  mkdirSync(directory, { recursive: true });
  // Made before the sources are read: what is edited meanwhile is newer than the mark and bundled at the next use.
  writeFileSync(join(directory, ".made"), "");
  await Promise.all(Object.entries(bundleEntries).map(([name, entry]) => bundle(entry, directory, name)));
  // The nearest package.json decides what `.js` means to Node.
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }\n');
  const link = join(dist, `.current-${id}`);
  symlinkSync(join("builds", id), link);
  renameSync(link, join(dist, "current"));
  removeOldBuilds();
}

/** One file for each entry: the fastest to start, and no chunk shared between control and cells. */
async function bundle(entry: string, directory: string, name: string): Promise<void> {
  await using build = await rolldown({
    input: join(root, entry),
    cwd: root,
    platform: "node",
    logLevel: "warn",
  });
  if (!entriesWithLaterFiles.has(name)) {
    await build.write({ file: join(directory, name), format: "esm", codeSplitting: false });
    return;
  }
  const chunkFileNames = `${basename(name, ".js")}-[name].js`;
  await build.write({ dir: directory, format: "esm", entryFileNames: name, chunkFileNames });
}

function removeOldBuilds(): void {
  const builds = readdirSync(join(dist, "builds")).toSorted();
  for (const old of builds.slice(0, -BUILDS_KEPT)) rmSync(join(dist, "builds", old), { recursive: true });
}
