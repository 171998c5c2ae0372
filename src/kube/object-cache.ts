import { isDeepStrictEqual } from "node:util";

/** What happened to one object of a cache. */
export type Change<Item> =
  | { readonly kind: "added"; readonly key: string; readonly item: Item }
  | { readonly kind: "updated"; readonly key: string; readonly item: Item; readonly previous: Item }
  | { readonly kind: "deleted"; readonly key: string; readonly item: Item };

/** Values of an item by which it is found again. */
export type IndexFunction<Item> = (item: Item) => readonly string[];

/** An item as the API told of it last. */
export interface Version<Item> {
  readonly key: string;
  readonly resourceVersion: string;
  readonly item: Item;
}

/** The objects that are known, by key and by indexes. Each call returns what changed by it. */
export class ObjectCache<Item> {
  readonly #items = new Map<string, Version<Item>>();
  readonly #indexes: ReadonlyMap<string, Index<Item>>;
  /** What a list that is under way has named so far. */
  #listed: Set<string> | undefined;

  constructor(indexes: Readonly<Record<string, IndexFunction<Item>>> = {}) {
    this.#indexes = new Map(Object.entries(indexes).map(([name, valuesOf]) => [name, new Index(valuesOf)]));
  }

  get size(): number {
    return this.#items.size;
  }

  get(key: string): Item | undefined {
    return this.#items.get(key)?.item;
  }

  versions(): IteratorObject<Version<Item>> {
    return this.#items.values();
  }

  byIndex(index: string, value: string): readonly Item[] {
    const keys = this.#indexes.get(index)?.keysOf(value) ?? [];
    return [...keys].flatMap((key) => this.#items.get(key)?.item ?? []);
  }

  /** From here to `endList` the list is told by `put`; what it does not name is gone. */
  beginList(): void {
    this.#listed = new Set();
  }

  endList(): readonly Change<Item>[] {
    const listed = this.#listed;
    this.#listed = undefined;
    if (listed === undefined) return [];
    return [...this.#items.keys()].filter((key) => !listed.has(key)).flatMap((key) => this.remove(key) ?? []);
  }

  /** Undefined where nothing is different for a reader. */
  put(version: Version<Item>): Change<Item> | undefined {
    const { key, item } = version;
    this.#listed?.add(key);
    const known = this.#items.get(key);
    if (known?.resourceVersion === version.resourceVersion) return undefined;
    if (known !== undefined && isDeepStrictEqual(known.item, item)) {
      this.#items.set(key, { ...version, item: known.item });
      return undefined;
    }
    this.#items.set(key, version);
    for (const index of this.#indexes.values()) index.move(key, known?.item, item);
    return known === undefined ? { kind: "added", key, item } : { kind: "updated", key, item, previous: known.item };
  }

  remove(key: string): Change<Item> | undefined {
    const known = this.#items.get(key);
    if (known === undefined) return undefined;
    this.#items.delete(key);
    for (const index of this.#indexes.values()) index.move(key, known.item, undefined);
    return { kind: "deleted", key, item: known.item };
  }
}

class Index<Item> {
  readonly #valuesOf: IndexFunction<Item>;
  readonly #keys = new Map<string, Set<string>>();

  constructor(valuesOf: IndexFunction<Item>) {
    this.#valuesOf = valuesOf;
  }

  keysOf(value: string): Iterable<string> {
    return this.#keys.get(value) ?? [];
  }

  move(key: string, from: Item | undefined, to: Item | undefined): void {
    for (const value of from === undefined ? [] : this.#valuesOf(from)) this.#drop(value, key);
    for (const value of to === undefined ? [] : this.#valuesOf(to)) {
      this.#keys.getOrInsertComputed(value, () => new Set()).add(key);
    }
  }

  #drop(value: string, key: string): void {
    const keys = this.#keys.get(value);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(value);
  }
}
