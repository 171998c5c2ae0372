import { KwasmError, nearestWord } from "#base";
import { spinLimits } from "./limits.ts";

/** A table of a document that somebody else wrote: each value is checked when it is read, and its place is named. */
export class Table {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #where: string;
  readonly #known = new Set<string>();

  /** `where` is what messages call it: `"spin.toml"`, `"component.a" of "spin.toml"`. */
  constructor(value: unknown, where: string) {
    if (!isRecord(value)) throw malformed(where, "a table");
    this.#values = value;
    this.#where = where;
    if (Object.keys(value).length > spinLimits.entriesMax) throw tooMany(where, spinLimits.entriesMax);
  }

  has(key: string): boolean {
    return this.#read(key) !== undefined;
  }

  text(key: string, lengthMax: number = spinLimits.textLengthMax): string | undefined {
    const value = this.#read(key);
    return value === undefined ? undefined : checkText(value, this.place(key), lengthMax);
  }

  requiredText(key: string, lengthMax?: number): string {
    return this.text(key, lengthMax) ?? this.#lacking(key);
  }

  flag(key: string): boolean {
    const value = this.#read(key) ?? false;
    if (typeof value !== "boolean") throw malformed(this.place(key), "true or false");
    return value;
  }

  wholeNumber(key: string): number | undefined {
    const value = this.#read(key);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw malformed(this.place(key), "a whole number");
    return value;
  }

  /** A value of which the caller finds out what it is. */
  any(key: string): unknown {
    return this.#read(key);
  }

  list(key: string, countMax: number = spinLimits.entriesMax): readonly unknown[] {
    const value = this.#read(key) ?? [];
    if (!Array.isArray(value)) throw malformed(this.place(key), "a list");
    if (value.length > countMax) throw tooMany(this.place(key), countMax);
    return Array.from<unknown>(value);
  }

  texts(key: string): readonly string[] {
    return this.list(key).map((value) => checkText(value, this.place(key), spinLimits.textLengthMax));
  }

  table(key: string): Table | undefined {
    const value = this.#read(key);
    return value === undefined ? undefined : new Table(value, this.place(key));
  }

  /** A table of texts, in the order in which they are written. */
  pairs(key: string): readonly (readonly [name: string, value: string])[] {
    const table = this.table(key);
    return (
      table?.entries().map(([name, value]) => {
        return [name, checkText(value, table.place(name), spinLimits.textLengthMax)] as const;
      }) ?? []
    );
  }

  /** Everything in it; names are not checked. */
  entries(): readonly (readonly [name: string, value: unknown])[] {
    for (const key of Object.keys(this.#values)) this.#known.add(key);
    return Object.entries(this.#values);
  }

  /** A key that nobody reads, which is the same to say as that it is known. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#known.add(key);
  }

  /** Throws where there is a key that nobody has asked for: as Spin, which ignores no typing error. */
  refuseOthers(): void {
    const other = Object.keys(this.#values).find((key) => !this.#known.has(key));
    if (other === undefined) return;
    const near = nearestWord(other, [...this.#known]);
    const advice = near === undefined ? "leave it out" : `did you mean "${near}"?`;
    throw new KwasmError("invalid-argument", `read ${this.#where}: "${shown(other)}" is no field of it; ${advice}`);
  }

  place(key: string): string {
    return `"${shown(key)}" of ${this.#where}`;
  }

  refuse(key: string, expected: string): KwasmError {
    return malformed(this.place(key), expected);
  }

  #read(key: string): unknown {
    this.#known.add(key);
    // JSON writes null for what is not there.
    return Object.hasOwn(this.#values, key) ? (this.#values[key] ?? undefined) : undefined;
  }

  #lacking(key: string): never {
    throw new KwasmError("invalid-argument", `read ${this.#where}: "${key}" is missing`);
  }
}

export function malformed(where: string, expected: string): KwasmError {
  return new KwasmError("invalid-argument", `read ${where}: it is not ${expected}`);
}

function tooMany(where: string, countMax: number): KwasmError {
  return new KwasmError("limit-exceeded", `read ${where}: it has more than ${String(countMax)} entries`);
}

function checkText(value: unknown, where: string, lengthMax: number): string {
  if (typeof value !== "string") throw malformed(where, "a text");
  if (value.length <= lengthMax) return value;
  throw new KwasmError("limit-exceeded", `read ${where}: it has more than ${String(lengthMax)} characters`);
}

/** Names in a message are the writer's own. */
export function shown(text: string): string {
  return text.slice(0, 64).replaceAll(/[\p{Cc}"]/gu, "\u{fffd}");
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
