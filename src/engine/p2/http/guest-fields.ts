import { KwasmError } from "#base";
import { type Field, isConnectionField, isFieldName, isFieldValue } from "../../host/http/index.ts";
import { type Answer, err, ok } from "../calls.ts";

/** `wasi:http/types#header-error`. */
export interface HeaderError {
  readonly tag: "invalid-syntax" | "forbidden" | "immutable";
}

type Changed = Answer<undefined, HeaderError>;

/** Characters of all fields of one guest's message together, names and values: what Node takes in one head, and half more. */
const fieldsLengthMax = 98_304;

/** `wasi:http/types#fields`: headers or trailers. Values cross as bytes and are kept with a character for each. */
export class GuestFields {
  readonly #isMutable: boolean;
  #fields: readonly Field[];

  private constructor(fields: readonly Field[], isMutable: boolean) {
    this.#fields = fields;
    this.#isMutable = isMutable;
  }

  static empty(): GuestFields {
    return new GuestFields([], true);
  }

  /** Fields of a message that is there: they cannot be changed. */
  static of(fields: readonly Field[]): GuestFields {
    return new GuestFields(fields, false);
  }

  static fromList(entries: readonly (readonly [string, Uint8Array])[]): Answer<GuestFields, HeaderError> {
    const fields = entries.map(([name, value]): Field => [name, textOf(value)]);
    const problem = problemOf(fields);
    if (problem !== undefined) return err(problem);
    checkLength(fields);
    return ok(new GuestFields(fields, true));
  }

  get list(): readonly Field[] {
    return this.#fields;
  }

  get(name: string): Uint8Array[] {
    const lower = name.toLowerCase();
    return this.#fields.flatMap(([own, value]) => (own.toLowerCase() === lower ? [bytesOf(value)] : []));
  }

  has(name: string): boolean {
    const lower = name.toLowerCase();
    return this.#fields.some(([own]) => own.toLowerCase() === lower);
  }

  set(name: string, values: readonly Uint8Array[]): Changed {
    const added = values.map((value): Field => [name, textOf(value)]);
    return this.#change(name, added, () => [...this.#without(name), ...added]);
  }

  delete(name: string): Changed {
    return this.#change(name, [], () => this.#without(name));
  }

  append(name: string, value: Uint8Array): Changed {
    const added: Field = [name, textOf(value)];
    return this.#change(name, [added], () => [...this.#fields, added]);
  }

  entries(): (readonly [string, Uint8Array])[] {
    return this.#fields.map(([name, value]) => [name, bytesOf(value)]);
  }

  clone(): GuestFields {
    return new GuestFields(this.#fields, true);
  }

  #without(name: string): readonly Field[] {
    const lower = name.toLowerCase();
    return this.#fields.filter(([own]) => own.toLowerCase() !== lower);
  }

  #change(name: string, added: readonly Field[], change: () => readonly Field[]): Changed {
    if (!this.#isMutable) return err({ tag: "immutable" });
    const problem = problemOf(added.length === 0 ? [[name, ""]] : added);
    if (problem !== undefined) return err(problem);
    const fields = change();
    checkLength(fields);
    this.#fields = fields;
    return ok();
  }
}

function problemOf(fields: readonly Field[]): HeaderError | undefined {
  for (const [name, value] of fields) {
    if (!isFieldName(name) || !isFieldValue(value)) return { tag: "invalid-syntax" };
    if (isConnectionField(name)) return { tag: "forbidden" };
  }
  return undefined;
}

/** WASI 0.2 has no error for this: a guest that goes on adding has a mistake and ends. */
function checkLength(fields: readonly Field[]): void {
  const length = fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (length <= fieldsLengthMax) return;
  throw new KwasmError(
    "limit-exceeded",
    `set fields of "${length}" characters: at most "${fieldsLengthMax}" are taken`,
  );
}

function textOf(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
}

function bytesOf(value: string): Uint8Array {
  return Buffer.from(value, "latin1");
}
