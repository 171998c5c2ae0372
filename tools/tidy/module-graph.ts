import { existsSync } from "node:fs";
import { dirname, posix, resolve } from "node:path";

import packageManifest from "../../package.json" with { type: "json" };
import { root } from "./source-tree.ts";
import { field, listField, parseFile, type SyntaxNode, textField, walk } from "./syntax.ts";

export interface ModuleImport {
  readonly from: string;
  readonly specifier: string;
  /** The file below the root, or undefined for a package and for a module of Node. */
  readonly target: string | undefined;
  /** Gone at run time. */
  readonly isTypeOnly: boolean;
}

const facades = new Map(Object.entries(packageManifest.imports).map(([name, path]) => [name, posix.normalize(path)]));

/** Everything that a file imports or exports from elsewhere, dynamic imports included. */
export function importsOf(path: string): ModuleImport[] {
  return [...walk(parseFile(path).program)].flatMap((node) => {
    const specifier = textField(field(node, "source"), "value");
    if (specifier === undefined) return [];
    return [{ from: path, specifier, target: resolveSpecifier(path, specifier), isTypeOnly: isTypeOnly(node) }];
  });
}

/** The files that run when `entry` does: itself, and what it imports for more than types, however far. */
export function valueClosureOf(entry: string): Set<string> {
  const reached = new Set([entry]);
  // A Set that grows while it is iterated visits what was added.
  for (const path of reached) {
    if (!path.endsWith(".ts")) continue;
    const targets = importsOf(path).flatMap(({ target, isTypeOnly: erased }) => (erased ? [] : [target]));
    for (const target of targets) if (target !== undefined) reached.add(target);
  }
  return reached;
}

/** The first cycle of value imports that is reached from the files, as the list of its files, or undefined. */
export function findCycle(paths: readonly string[]): string[] | undefined {
  const done = new Set<string>();
  for (const path of paths) {
    const cycle = findCycleFrom(path, [], done);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function findCycleFrom(path: string, trail: readonly string[], done: Set<string>): string[] | undefined {
  if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
  if (done.has(path) || !path.endsWith(".ts")) return undefined;
  for (const { target, isTypeOnly: erased } of importsOf(path)) {
    if (target === undefined || erased) continue;
    const cycle = findCycleFrom(target, [...trail, path], done);
    if (cycle !== undefined) return cycle;
  }
  done.add(path);
  return undefined;
}

function resolveSpecifier(from: string, specifier: string): string | undefined {
  if (specifier.startsWith("#")) return facades.get(specifier);
  if (!specifier.startsWith(".")) return undefined;
  const target = posix.join(dirname(from), specifier);
  if (!existsSync(resolve(root, target))) throw new Error(`${from} imports ${specifier}, which does not exist`);
  return target;
}

function isTypeOnly(node: SyntaxNode): boolean {
  if (textField(node, "importKind") === "type" || textField(node, "exportKind") === "type") return true;
  const specifiers = listField(node, "specifiers");
  const kinds = specifiers.map((each) => textField(each, "importKind") ?? textField(each, "exportKind"));
  return kinds.length > 0 && kinds.every((kind) => kind === "type");
}
