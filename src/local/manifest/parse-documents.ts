/**
 * Text of a manifest (YAML as kubectl takes it, or JSON) to trees with positions. Everything that could make a small
 * file costly is bounded here: its bytes, documents, depth, and the values it stands for once aliases are expanded.
 */
import {
  CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type Tags,
} from "yaml";

import type { MapEntry, Position, Tree } from "../schema/index.ts";
import { readLimits } from "./limits.ts";

/** A finding about the text itself, before any field is known. */
export interface TextProblem extends Position {
  readonly message: string;
}

export interface ParsedText {
  /** Documents that could be read whole; empty ones are left out. */
  readonly documents: readonly Tree[];
  readonly problems: readonly TextProblem[];
}

/** Never throws: what is wrong with the text is in `problems`, one for each document that could not be read. */
export function parseDocuments(text: string): ParsedText {
  const lines = new LineCounter();
  const refusal = checkSize(text) ?? checkNesting(text);
  if (refusal !== undefined) return { documents: [], problems: [refusal] };
  const parsed = parseAllDocuments(text, { ...yamlOptions, lineCounter: lines });
  const documents: Tree[] = [];
  const problems: TextProblem[] = [];
  for (const document of "empty" in parsed ? [] : parsed) {
    const fault = document.errors[0] ?? document.warnings.find(({ code }) => code === "TAG_RESOLVE_FAILED");
    const builder = new TreeBuilder(lines);
    const tree = fault === undefined ? builder.buildDocument(document.contents) : undefined;
    const problem = fault === undefined ? builder.problem : syntaxProblem(lines, fault);
    if (problem !== undefined) problems.push(problem);
    else if (tree !== undefined) documents.push(tree);
  }
  return { documents, problems };
}

function checkSize(text: string): TextProblem | undefined {
  if (Buffer.byteLength(text) > readLimits.fileBytesMax) return atStart(tooMany("bytes", readLimits.fileBytesMax));
  const separators = text.match(/^---/gm)?.length ?? 0;
  return separators > readLimits.documentsMax ? atStart(tooMany("documents", readLimits.documentsMax)) : undefined;
}

/**
 * Nesting that needs no indentation (`[[[[`, `- - - -`, `? ? ? ?`) is counted before the text is parsed: the library
 * descends by calls and would take seconds to run out of stack. Indented nesting is bounded by the size of the file.
 */
function checkNesting(text: string): TextProblem | undefined {
  let flowDepth = 0;
  let indicatorsOfLine = 0;
  let tokens = 0;
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token);
    tokens += 1;
    if (tokens > readLimits.tokensMax) return atStart(tooMany("tokens", readLimits.tokensMax));
    if (type === "newline") indicatorsOfLine = 0;
    else if (type === "flow-map-start" || type === "flow-seq-start") flowDepth += 1;
    else if (type === "flow-map-end" || type === "flow-seq-end") flowDepth = Math.max(0, flowDepth - 1);
    else if (flowDepth === 0 && (type === "seq-item-ind" || type === "explicit-key-ind")) indicatorsOfLine += 1;
    if (Math.max(flowDepth, indicatorsOfLine) > readLimits.depthMax) return atStart(tooDeep());
  }
  return undefined;
}

function atStart(message: string): TextProblem {
  return { line: 1, column: 1, message };
}

/**
 * kubectl reads YAML 1.1 (`yes` is true, `0644` is octal) but without its times, base-60 numbers and binary. Merge keys
 * and repeated keys are handled while the tree is built: the library compares each key with every other.
 */
const yamlOptions = {
  version: "1.1",
  merge: false,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: "silent",
  stringKeys: false,
  customTags: (tags: Tags): Tags => tags.filter((tag) => isKubectlTag(tag)),
} as const;

const foreignTags = new Set(["binary", "timestamp", "omap", "pairs", "set", "merge", "intTime", "floatTime"]);

function isKubectlTag(tag: Tags[number]): boolean {
  if (typeof tag === "string") return !foreignTags.has(tag);
  if ("format" in tag && tag.format === "TIME") return false;
  return !foreignTags.has(tag.tag.slice(tag.tag.lastIndexOf(":") + 1));
}

function tooDeep(): string {
  return `more than ${readLimits.depthMax} levels of nesting`;
}

function tooMany(what: string, max: number): string {
  return `more than ${max} ${what} in one file: split it into several files`;
}

function syntaxProblem(lines: LineCounter, error: { readonly pos: readonly number[]; readonly message: string }) {
  const [message = error.message] = error.message.split("\n");
  return { ...positionOf(lines, error.pos[0] ?? 0), message: `error parsing the manifest: ${message}` };
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** A tree with the number of values it stands for, itself included, aliases expanded. */
interface SizedTree {
  readonly tree: Tree;
  readonly nodes: number;
}

/** Thrown inside a builder only, to leave a document at its first fault. */
class UnusableDocument extends Error {}

/** Builds the tree of one document, in the order of its text: an alias means the latest anchor of its name before it. */
class TreeBuilder {
  /** Why the document is unusable; one is enough, for a document is left at its first fault. */
  problem: TextProblem | undefined;
  readonly #lines: LineCounter;
  /** Undefined while the anchor's own value is being built: an alias met then is a cycle. */
  readonly #anchors = new Map<string, SizedTree | undefined>();
  #aliases = 0;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  buildDocument(contents: unknown): Tree | undefined {
    if (contents === null) return undefined;
    try {
      const { tree } = this.#build(contents, 1);
      return tree.kind === "scalar" && tree.value === null ? undefined : tree;
    } catch (error) {
      if (error instanceof UnusableDocument) return undefined;
      throw error;
    }
  }

  #build(node: unknown, depth: number): SizedTree {
    if (depth > readLimits.depthMax) this.#refuse(node, tooDeep());
    if (isAlias(node)) return this.#resolve(node, node.source);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const sized = this.#buildPlain(node, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, sized);
    return sized;
  }

  #buildPlain(node: unknown, depth: number): SizedTree {
    if (isMap(node)) return this.#buildMap(node, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#build(item, depth + 1));
      const nodes = this.#count(node, items);
      return { tree: { kind: "list", items: items.map(({ tree }) => tree), at: this.#at(node) }, nodes };
    }
    return { tree: this.#buildScalar(node), nodes: 1 };
  }

  #buildScalar(node: unknown): Tree {
    const at = this.#at(node);
    if (!isScalar(node)) return { kind: "scalar", value: null, source: "", at };
    const { value, source = "" } = node;
    if (value === null || typeof value === "string" || typeof value === "boolean") {
      return { kind: "scalar", value, source, at };
    }
    if (typeof value === "number" && Number.isFinite(value)) return { kind: "scalar", value, source, at };
    return this.#refuse(node, `value ${JSON.stringify(source)} has no counterpart in JSON: write it in quotes`);
  }

  #buildMap(node: { readonly items: readonly Pair[] }, depth: number): SizedTree {
    const own = new Map<string, MapEntry>();
    const values: SizedTree[] = [];
    const inherited = new Map<string, MapEntry>();
    for (const pair of node.items) {
      const value = this.#build(pair.value, depth + 1);
      values.push(value);
      if (isMergeKey(pair.key)) this.#merge(pair, value.tree, inherited);
      else this.#addEntry(pair, value.tree, { entries: own, depth: depth + 1 });
    }
    const entries = new Map([...own, ...[...inherited].filter(([key]) => !own.has(key))]);
    return { tree: { kind: "map", entries, at: this.#at(node) }, nodes: this.#count(node, values) };
  }

  #addEntry(pair: Pair, value: Tree, { entries, depth }: { entries: Map<string, MapEntry>; depth: number }): void {
    const key = this.#buildKey(pair.key, depth);
    if (entries.has(key)) this.#refuse(pair.key, `key ${JSON.stringify(key)} is already set in this map`);
    entries.set(key, { keyAt: this.#at(pair.key), value });
  }

  /** `<<: *base` or `<<: [*a, *b]`; the first to name a key gives its value. */
  #merge(pair: Pair, value: Tree, inherited: Map<string, MapEntry>): void {
    const sources = value.kind === "list" ? value.items : [value];
    for (const source of sources) {
      if (source.kind !== "map") return this.#refuse(pair.key, "a merge key needs a map, or a list of maps");
      for (const [key, entry] of source.entries) if (!inherited.has(key)) inherited.set(key, entry);
    }
  }

  #buildKey(key: unknown, depth: number): string {
    const { tree } = this.#build(key, depth);
    if (tree.kind !== "scalar" || tree.value === null) return this.#refuse(key, "a key must be a text");
    return String(tree.value);
  }

  #resolve(node: unknown, name: string): SizedTree {
    this.#aliases += 1;
    if (this.#aliases > readLimits.aliasesMax) this.#refuse(node, tooMany("aliases", readLimits.aliasesMax));
    const target = this.#anchors.get(name);
    if (target !== undefined) return target;
    const reason = this.#anchors.has(name) ? "stands inside the value that it names" : "names no anchor before it";
    return this.#refuse(node, `alias ${JSON.stringify(`*${name.slice(0, 40)}`)} ${reason}`);
  }

  #count(node: unknown, children: readonly SizedTree[]): number {
    let nodes = 1;
    for (const child of children) nodes += child.nodes;
    if (nodes > readLimits.nodesMax) this.#refuse(node, tooMany("values, aliases expanded,", readLimits.nodesMax));
    return nodes;
  }

  #at(node: unknown): Position {
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
    const offset: unknown = Array.isArray(range) ? range[0] : undefined;
    return positionOf(this.#lines, typeof offset === "number" ? offset : 0);
  }

  #refuse(node: unknown, message: string): never {
    this.problem = { ...this.#at(node), message };
    throw new UnusableDocument(message);
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === "<<" && key.type === "PLAIN";
}
