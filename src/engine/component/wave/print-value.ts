import { KwasmError } from "#base";
import type { Case, Member, ValueType } from "../types/types.ts";
import type { ComponentValue } from "../values.ts";
import { waveLimits } from "./limits.ts";

/** Words that have a meaning of their own; as names they are written with a percent sign before them. */
const keywords: ReadonlySet<string> = new Set(["true", "false", "inf", "nan", "some", "none", "ok", "err"]);

/** A value of a type in WAVE, on one line. What it holds was checked against the type where it came from. */
export function printValue(type: ValueType, value: ComponentValue): string {
  const pieces: string[] = [];
  let letters = 0;
  for (const piece of valueText(type, value)) {
    letters += piece.length;
    if (letters > waveLimits.resultLettersMax) {
      throw new KwasmError(
        "limit-exceeded",
        `print a result of more than "${waveLimits.resultLettersMax}" letters: call a function that answers with less`,
      );
    }
    pieces.push(piece);
  }
  return pieces.join("");
}

type Pieces = Generator<string>;

function* valueText(type: ValueType, value: ComponentValue): Pieces {
  switch (type.kind) {
    case "primitive":
      yield primitiveText(type.type, value);
      return;
    case "list":
      yield* series("[", "]", iterate(value), (each) => valueText(type.element, each));
      return;
    case "map":
      yield* series("[", "]", iterate(value), (pair) => tupleText([type.key, type.value], pair));
      return;
    case "tuple":
      yield* tupleText(type.types, value);
      return;
    case "record":
      yield* recordText(type.fields, value);
      return;
    case "option":
      yield* optionText(type.type, value);
      return;
    case "result":
      yield* caseText(
        [
          { name: "ok", type: type.ok },
          { name: "err", type: type.err },
        ],
        value,
        (name) => name,
      );
      return;
    case "variant":
      yield* caseText(type.cases, value, labelText);
      return;
    case "enum":
      yield labelText(plainText(value));
      return;
    case "flags":
      yield* series("{", "}", iterate(value), (name) => [labelText(plainText(name))]);
      return;
    case "own":
    case "borrow":
    case "stream":
    case "future":
      throw unprintable(type.kind);
  }
}

function* series(
  open: string,
  close: string,
  values: Iterable<ComponentValue>,
  textOf: (value: ComponentValue) => Iterable<string>,
): Pieces {
  yield open;
  let separator = "";
  for (const value of values) {
    yield separator;
    yield* textOf(value);
    separator = ", ";
  }
  yield close;
}

function* tupleText(types: readonly ValueType[], value: ComponentValue): Pieces {
  const values = [...iterate(value)];
  yield* series("(", ")", types.keys(), (index) => textAt(types, values, Number(index)));
}

function* textAt(types: readonly ValueType[], values: readonly ComponentValue[], index: number): Pieces {
  const type = types[index];
  if (type !== undefined) yield* valueText(type, values[index]);
}

/** Fields that hold nothing are left out. */
function* recordText(fields: readonly Member[], value: ComponentValue): Pieces {
  const shown = fields.filter(({ name, type }) => type.kind !== "option" || fieldOf(value, name) !== undefined);
  if (shown.length === 0) {
    yield "{:}";
    return;
  }
  let separator = "{";
  for (const { name, type } of shown) {
    yield `${separator}${labelText(name)}: `;
    yield* valueText(type, fieldOf(value, name));
    separator = ", ";
  }
  yield "}";
}

function* optionText(type: ValueType, value: ComponentValue): Pieces {
  if (value === undefined) {
    yield "none";
    return;
  }
  yield "some(";
  yield* valueText(type, type.kind === "option" ? fieldOf(value, "some") : value);
  yield ")";
}

function* caseText(cases: readonly Case[], value: ComponentValue, nameOf: (name: string) => string): Pieces {
  const tag = plainText(fieldOf(value, "tag"));
  const type = cases.find(({ name }) => name === tag)?.type;
  yield nameOf(tag);
  if (type === undefined) return;
  yield "(";
  yield* valueText(type, fieldOf(value, "value"));
  yield ")";
}

/** What a name, a number or a text is written as before anything in it is escaped. */
function plainText(value: ComponentValue): string {
  return typeof value === "object" || value === undefined ? "" : String(value);
}

function labelText(name: string): string {
  return keywords.has(name) ? `%${name}` : name;
}

function primitiveText(type: Extract<ValueType, { kind: "primitive" }>["type"], value: ComponentValue): string {
  switch (type) {
    case "f32":
    case "f64":
      return floatText(Number(value), type);
    case "char":
      return quoted(plainText(value), "'");
    case "string":
      return quoted(plainText(value), '"');
    case "error-context":
      throw unprintable(type);
    default:
      return plainText(value);
  }
}

/** A float with as few digits as tell it from every other one of its size. */
export function floatText(value: number, type: "f32" | "f64"): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  if (type === "f64") return String(value);
  for (let digits = 1; digits < 9; digits += 1) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(value);
}

const shortEscapes: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\" };
/** What a terminal acts on, or hides from a reader. */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\\'"]/gu;

function quoted(text: string, quote: string): string {
  const escaped = text.replaceAll(hidden, (letter) => {
    if (letter === "'" || letter === '"') return letter === quote ? `\\${letter}` : letter;
    return shortEscapes[letter] ?? `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return `${quote}${escaped}${quote}`;
}

function fieldOf(value: ComponentValue, name: string): ComponentValue {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  // The property is of the value's own, and values hold values.
  return (value as Readonly<Record<string, ComponentValue>>)[name];
}

/** The members of a list, a tuple or a set of flags. */
function iterate(value: ComponentValue): Iterable<ComponentValue> {
  if (Array.isArray(value) || value instanceof Uint8Array || value instanceof Set) {
    // Arrays of the component model hold its values.
    return value as Iterable<ComponentValue>;
  }
  return [];
}

function unprintable(kind: string): KwasmError {
  return new KwasmError(
    "unsupported",
    `print a result that holds a ${kind}: it means nothing outside of the component`,
  );
}
