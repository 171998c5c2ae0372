import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

import { KwasmError } from "#base";

import type { Host, HostReader } from "../host/host.ts";
import { type FileEdit, newFileOwner } from "../plan/plan.ts";

/** What is installed, as `tools/make-layout` makes it, among this process's own files. */
export interface Layout {
  readonly directory: string;
  readonly version: string;
}

/** Throws `not-found` for a folder that is no layout. */
export function openLayout(directory: string): Layout {
  const current = join(directory, "lib/kwasm/current");
  if (!existsSync(current)) {
    throw new KwasmError(
      "not-found",
      `open the layout "${directory}": it has no "lib/kwasm/current"; make one by tools/make-layout`,
    );
  }
  const version = readFileSync(current, "utf8").trim();
  if (!/^[\w.+-]{1,128}$/u.test(version)) {
    throw new KwasmError(
      "corrupt",
      `open the layout "${directory}": its version ${JSON.stringify(version)} is no name`,
    );
  }
  return { directory, version };
}

/** The shims and the name of the version to start from; another installer's shims of the same names are replaced. */
export function planLayout(host: Host, layout: Layout, directory: string): readonly FileEdit[] {
  const shims = readdirSync(join(layout.directory, "bin")).toSorted();
  const programs = shims.map((name) => ({
    path: posix.join(directory, "bin", name),
    content: readFileSync(join(layout.directory, "bin", name)),
    mode: 0o755,
  }));
  const current = {
    path: posix.join(directory, "lib/kwasm/current"),
    content: Buffer.from(`${layout.version}\n`),
    mode: 0o644,
  };
  const markers = ["active", "kwasm-lock.json"].map((name) => posix.join(directory, name));
  return [
    ...markers.map((path) => ({ path, before: host.readFile(path), after: undefined, restored: undefined })),
    ...[...programs, current].map(({ path, content, mode }) => ({
      path,
      before: host.readFile(path),
      after: { content, ...newFileOwner(mode) },
      restored: undefined,
    })),
  ];
}

/** A version that is there was put there in one step, and processes may run from it. */
export function placeVersion(host: Host, layout: Layout, directory: string): void {
  const path = posix.join(directory, "lib/kwasm", layout.version);
  if (!host.isThere(path)) host.copyTree(join(layout.directory, "lib/kwasm", layout.version), path);
}

/** Words of command lines of the node's processes that are files of ours, such as `…/lib/kwasm/VERSION/cell.js`. */
export function wordsOfProcesses(host: HostReader, directory: string): readonly string[] {
  const prefix = `${directory}/lib/kwasm/`;
  const pids = host.list("/proc").filter((name) => /^\d+$/u.test(name));
  const words = pids.flatMap((pid) => readCommandLine(host, pid)).filter((word) => word.startsWith(prefix));
  return words.map((word) => word.slice(prefix.length));
}

/** The versions that processes of the node run from, of all that are installed. */
export function versionsInUse(host: HostReader, directory: string): ReadonlySet<string> {
  const versions = wordsOfProcesses(host, directory).map((word) => word.split("/")[0] ?? "");
  return new Set(versions.filter((version) => version !== "" && version !== "current"));
}

function readCommandLine(host: HostReader, pid: string): readonly string[] {
  try {
    return host.readFile(`/proc/${pid}/cmdline`)?.content.toString().split("\0") ?? [];
  } catch {
    // The process has ended since its number was listed.
    return [];
  }
}

/** Removes versions that nothing runs from, but those that are to stay. */
export function removeUnusedVersions(host: Host, directory: string, kept: readonly string[]): readonly string[] {
  const folder = posix.join(directory, "lib/kwasm");
  const inUse = versionsInUse(host, directory);
  const versions = host.list(folder).filter((name) => name !== "current");
  const removed = versions.filter((name) => !kept.includes(name) && !inUse.has(name));
  for (const name of removed) host.removeTree(posix.join(folder, name));
  return versions.filter((name) => !removed.includes(name) && !kept.includes(name));
}
