import { readdir } from "node:fs/promises";
import { join, posix } from "node:path";
import { KwasmError } from "#base";
import type { SpinComponent, SpinFiles } from "../application.ts";
import { spinLimits } from "../limits.ts";
import { shown } from "../table.ts";
import type { FoundMount } from "./application-spec.ts";
import type { ContentFinder } from "./content-finder.ts";
import { matchesPattern, mayMatchBelow, parsePattern, type Pattern } from "./glob.ts";

/** The files and directories that a component may read, each found and to be mounted. */
export async function findMounts(component: SpinComponent, content: ContentFinder): Promise<readonly FoundMount[]> {
  const found = await findPlaces(component, content);
  if (found.size > spinLimits.mountsMax) throw tooMany(component.id);
  return [...found].map(([guestPath, hostPath]) => ({ guestPath, hostPath, readOnly: true }));
}

/** As findMounts, however many: paths of this machine by those of the guest. A place that is named twice is the last one's. */
export async function findPlaces(
  { files: all, excludeFiles }: SpinComponent,
  content: ContentFinder,
): Promise<ReadonlyMap<string, string>> {
  const excluded = excludeFiles.map(parsePattern);
  const found = new Map<string, string>();
  const listed = all.filter((files) => files.kind === "content");
  if (listed.length > 0) found.set("/", await content.tree(listed));
  for (const files of all) {
    for (const [guestPath, hostPath] of await placesOf(files, excluded, content)) found.set(guestPath, hostPath);
  }
  return found;
}

type Places = Iterable<readonly [guestPath: string, hostPath: string]>;

async function placesOf(files: SpinFiles, excluded: readonly Pattern[], content: ContentFinder): Promise<Places> {
  switch (files.kind) {
    case "directory":
      return [[guestPathOf(files.destination), content.place(files.source)]];
    case "content":
      // All of them are one directory.
      return [];
    case "pattern":
      return matchingFiles(files.pattern, excluded, content);
  }
}

/** A whole directory is one mount, which costs nothing however much is in it. */
async function matchingFiles(text: string, excluded: readonly Pattern[], content: ContentFinder): Promise<Places> {
  const pattern = parsePattern(text);
  const wild = pattern.indexOf("**");
  const isWhole = wild > 0 && pattern.slice(wild + 1).every((segment) => segment === "*") && pattern.length - wild <= 2;
  const head = pattern.slice(0, wild);
  if (isWhole && excluded.length === 0 && !head.some((segment) => /[*?[]/u.test(segment))) {
    return [[guestPathOf(head.join("/")), content.place(head.join("/"))]];
  }
  return walk(pattern, excluded, content);
}

/** Links are not followed: what they lead to may be anything. */
async function walk(pattern: Pattern, excluded: readonly Pattern[], { root }: ContentFinder): Promise<Places> {
  if (root === undefined) throw new KwasmError("unsupported", "find files of a locked application: it names a pattern");
  const found: (readonly [string, string])[] = [];
  const waiting: (readonly string[])[] = [[]];
  let seen = 0;
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const entry of await readdir(join(root, ...directory), { withFileTypes: true })) {
      if (++seen > spinLimits.filesSeenMax) throw tooManySeen(pattern);
      const path = [...directory, entry.name];
      if (entry.isDirectory() && mayMatchBelow(pattern, path)) waiting.push(path);
      if (!entry.isFile() || !matchesPattern(pattern, path)) continue;
      if (excluded.some((other) => matchesPattern(other, path))) continue;
      found.push([guestPathOf(path.join("/")), join(root, ...path)]);
    }
  }
  return found;
}

function guestPathOf(path: string): string {
  return posix.join("/", path);
}

function tooMany(component: string): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `find files of component "${shown(component)}": there are more than ${String(spinLimits.mountsMax)}; ` +
      `mount their directory, as { source = "static", destination = "/static" }`,
  );
}

function tooManySeen(pattern: Pattern): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `find files "${shown(pattern.join("/"))}": there are more than ${String(spinLimits.filesSeenMax)} to look at`,
  );
}
