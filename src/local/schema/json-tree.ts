import type { MapEntry, Position, Tree } from "./tree.ts";

/** Levels of maps and lists of a JSON value. Manifests have 64 at most, and each level is a call of the reader. */
const JSON_DEPTH_MAX = 80;

/** JSON that came over a socket or from the disk has no places that a person could look at. */
const nowhere: Position = { line: 1, column: 1 };

/** A JSON value as schemas read it; undefined for one that is nested too deeply. */
export function treeOfJson(value: unknown, depth = 1): Tree | undefined {
  if (depth > JSON_DEPTH_MAX) return undefined;
  if (Array.isArray(value)) return listOfJson(value, depth);
  if (typeof value === "object" && value !== null) return mapOfJson(value, depth);
  const isScalar = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return isScalar
    ? { kind: "scalar", value, source: String(value), at: nowhere }
    : { kind: "scalar", value: null, source: "null", at: nowhere };
}

function listOfJson(values: readonly unknown[], depth: number): Tree | undefined {
  const items: Tree[] = [];
  for (const value of values) {
    const item = treeOfJson(value, depth + 1);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return { kind: "list", items, at: nowhere };
}

function mapOfJson(object: object, depth: number): Tree | undefined {
  const entries = new Map<string, MapEntry>();
  for (const [key, inner] of Object.entries(object)) {
    const value = treeOfJson(inner, depth + 1);
    if (value === undefined) return undefined;
    entries.set(key, { keyAt: nowhere, value });
  }
  return { kind: "map", entries, at: nowhere };
}
