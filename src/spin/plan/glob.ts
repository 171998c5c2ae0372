import { KwasmError } from "#base";
import { shown } from "../table.ts";

/** A pattern of files as Spin writes them (the crate glob): `**` is any directories, `*`, `?` and `[…]` within a name. */
export type Pattern = readonly string[];

/** Throws `invalid-argument` for a pattern that leads out of its directory. */
export function parsePattern(text: string): Pattern {
  const segments = text
    .replace(/^\.\//u, "")
    .split("/")
    .filter((segment) => segment !== "");
  if (text.startsWith("/") || segments.includes("..")) {
    throw new KwasmError("invalid-argument", `find files "${shown(text)}": the pattern leads out of the application`);
  }
  return segments;
}

/** Whether a path, in segments, matches. */
export function matchesPattern(pattern: Pattern, path: readonly string[]): boolean {
  return matchRest(pattern, path, mayMatchName);
}

/** Whether something below a directory may match. */
export function mayMatchBelow(pattern: Pattern, directory: readonly string[]): boolean {
  const wild = pattern.indexOf("**");
  const head = wild >= 0 && wild < directory.length ? pattern.slice(0, wild) : pattern.slice(0, directory.length);
  if (wild < 0 && directory.length >= pattern.length) return false;
  return head.every((segment, index) => mayMatchName(segment, directory[index] ?? ""));
}

/** Pairs of positions are looked at once each: `**` many times over cannot make it slow. */
function matchRest(
  pattern: Pattern,
  path: readonly string[],
  matches: (segment: string, name: string) => boolean,
): boolean {
  let reached = new Set([0]);
  for (const segment of pattern) {
    const next = new Set<number>();
    for (const at of reached) {
      if (at < path.length && segment !== "**" && matches(segment, path[at] ?? "")) next.add(at + 1);
    }
    reached = segment === "**" ? new Set(positionsFrom(Math.min(...reached), path.length)) : next;
    if (reached.size === 0) return false;
  }
  return reached.has(path.length);
}

function positionsFrom(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** One name: the same with characters in the place of segments. */
function mayMatchName(segment: string, name: string): boolean {
  const tokens = segment.match(/\[!?\]?[^\]]*\]|[^]/gu) ?? [];
  const wild = tokens.map((token) => (token === "*" ? "**" : token));
  return matchRest(wild, Array.from(name), matchesCharacter);
}

function matchesCharacter(token: string, character: string): boolean {
  if (token === "?") return true;
  if (token.length === 1 || !token.startsWith("[")) return token === character;
  const isNegated = token.startsWith("[!");
  const set = Array.from(token.slice(isNegated ? 2 : 1, -1));
  return isIn(set, character) !== isNegated;
}

function isIn(set: readonly string[], character: string): boolean {
  for (let index = 0; index < set.length; index++) {
    const [first = "", dash, last] = [set[index], set[index + 1], set[index + 2]];
    if (dash !== "-" || last === undefined) {
      if (first === character) return true;
      continue;
    }
    if (first <= character && character <= last) return true;
    index += 2;
  }
  return false;
}
