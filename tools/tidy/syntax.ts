import { parseSync } from "rolldown/utils";

import { readText } from "./source-tree.ts";

/** A node of the syntax tree as ESTree has it; fields are read by `field` and the like, which check what they find. */
export interface SyntaxNode {
  readonly type: string;
}

interface ParsedFile {
  readonly program: SyntaxNode;
  readonly text: string;
}

const parsedFiles = new Map<string, ParsedFile>();

/** Parses a source once, however many rules look at it. */
export function parseFile(path: string): ParsedFile {
  const known = parsedFiles.get(path);
  if (known !== undefined) return known;
  const text = readText(path);
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`parse ${path}: ${errors[0]?.message}`);
  const parsed = { program, text };
  parsedFiles.set(path, parsed);
  return parsed;
}

/** Every node below `node`, itself included, parents first. */
export function* walk(node: SyntaxNode): Generator<SyntaxNode> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* walk(child);
  }
}

export function field(node: SyntaxNode | undefined, name: string): SyntaxNode | undefined {
  const value: unknown = node === undefined ? undefined : Reflect.get(node, name);
  return isNode(value) ? value : undefined;
}

export function listField(node: SyntaxNode | undefined, name: string): SyntaxNode[] {
  const value: unknown = node === undefined ? undefined : Reflect.get(node, name);
  return Array.isArray(value) ? value.filter(isNode) : [];
}

export function textField(node: SyntaxNode | undefined, name: string): string | undefined {
  const value: unknown = node === undefined ? undefined : Reflect.get(node, name);
  return typeof value === "string" ? value : undefined;
}

/** The name of an identifier, or of a member by its last word: `test` and `skip` for `test.skip`. */
export function nameOf(node: SyntaxNode | undefined): string | undefined {
  return node?.type === "MemberExpression" ? nameOf(field(node, "property")) : textField(node, "name");
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
