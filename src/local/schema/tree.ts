/**
 * A manifest's document as plain data that still knows where each value stood. An alias shares its anchor's tree, so a
 * document of aliases stays as small in memory as its text.
 */
export type Tree = MapTree | ListTree | ScalarTree;

export interface MapTree {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, MapEntry>;
  readonly at: Position;
}

export interface MapEntry {
  readonly keyAt: Position;
  readonly value: Tree;
}

export interface ListTree {
  readonly kind: "list";
  readonly items: readonly Tree[];
  readonly at: Position;
}

export interface ScalarTree {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As written, for values that a person should see again unchanged (`1.10`, `0644`). */
  readonly source: string;
  readonly at: Position;
}

/** Both count from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The value without its positions. Only for values known to be small: aliases are expanded here. */
export function valueOfTree(tree: Tree): unknown {
  if (tree.kind === "scalar") return tree.value;
  if (tree.kind === "list") return tree.items.map(valueOfTree);
  return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, valueOfTree(value)]));
}

/** The word that Kubernetes has for a value's type. */
export function typeOfTree(tree: Tree): string {
  if (tree.kind === "map") return "object";
  if (tree.kind === "list") return "array";
  if (tree.value === null) return "null";
  return typeof tree.value;
}

/** Null, `{}`, `[]` and `""` say nothing, and exported manifests are full of them. */
export function isEmptyTree(tree: Tree): boolean {
  if (tree.kind === "map") return tree.entries.size === 0;
  if (tree.kind === "list") return tree.items.length === 0;
  return tree.value === null || tree.value === "";
}
