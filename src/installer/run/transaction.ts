import { posix } from "node:path";

import type { Host, HostFile } from "../host/host.ts";
import { type FileEdit, isSameContent } from "../plan/plan.ts";
import { digestOfFile, type FileRecord, type InstallState, type StateStore } from "./state.ts";

/** Makes a folder and what is missing above it; answers what was made, outermost first. */
export function makeDirectories(host: Host, path: string): readonly string[] {
  if (host.isThere(path)) return [];
  const above = makeDirectories(host, posix.dirname(path));
  host.makeDirectory(path);
  return [...above, path];
}

/** The folders that a change will have to make, outermost first. */
export function missingDirectories(host: Host, paths: readonly string[]): readonly string[] {
  const missing = paths.flatMap((path) => missingAbove(host, path));
  return [...new Set(missing)].toSorted((left, right) => left.length - right.length);
}

function missingAbove(host: Host, path: string): readonly string[] {
  return host.isThere(path) ? [] : [...missingAbove(host, posix.dirname(path)), path];
}

/** What an edit is in the journal; its copies are made before the journal names them. */
export function recordEdit(store: StateStore, edit: FileEdit, pending: InstallState | undefined): FileRecord {
  // Of a change that was interrupted, what was there before it is what counts.
  const earlier = pending?.files.find(({ path }) => path === edit.path);
  const isHalfDone = earlier !== undefined && earlier.after === digestOfFile(edit.before);
  return {
    path: edit.path,
    after: digestOfFile(edit.after),
    before: isHalfDone ? earlier.before : store.save(edit.before),
    restored: store.save(edit.restored),
  };
}

export function applyEdit(host: Host, { path, before, after }: Pick<FileEdit, "path" | "before" | "after">): void {
  if (isSameFile(before, after)) return;
  if (after === undefined) host.removeFile(path);
  else host.writeFile(path, after.content, after);
}

function isSameFile(left: HostFile | undefined, right: HostFile | undefined): boolean {
  return isSameContent(left, right) && left?.mode === right?.mode;
}

/** Puts every file back to what it was before the change, the last one first. */
export function undoFiles(host: Host, store: StateStore, state: InstallState): void {
  for (const { path, before } of state.files.toReversed()) {
    applyEdit(host, { path, before: host.readFile(path), after: store.load(before) });
  }
}

export function removeDirectories(host: Host, directories: readonly string[]): void {
  for (const directory of directories.toReversed()) host.removeDirectory(directory);
}
