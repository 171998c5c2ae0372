import type { Case, Member, ValueType } from "../types/types.ts";
import type { ComponentValue } from "../values.ts";
import { readPrimitive } from "./read-primitive.ts";
import type { WaveReader } from "./wave-reader.ts";

/** Reads a value of a type. How deep it may nest is bounded by the type, how long it may be by the text. */
export function readValue(type: ValueType, reader: WaveReader): ComponentValue {
  switch (type.kind) {
    case "primitive":
      return readPrimitive(type.type, reader);
    case "list":
      return readList(type, reader);
    case "tuple":
      return readTuple(type.types, reader);
    case "record":
      return readRecord(type.fields, reader);
    case "map":
      return readSeries(reader, "[", "]", () => readTuple([type.key, type.value], reader));
    case "option":
      return readOption(type.type, reader);
    case "result":
      return readResult(type, reader);
    case "variant":
      return readVariant(type.cases, reader);
    case "enum":
      return readName(type.names, reader);
    case "flags":
      return new Set(readSeries(reader, "{", "}", () => readName(type.names, reader)));
    case "own":
    case "borrow":
    case "stream":
    case "future":
      throw reader.fail(`a value that can be written is expected, and one of a ${type.kind} cannot`);
  }
}

function readSeries<T>(reader: WaveReader, open: string, close: string, read: () => T): T[] {
  const values: T[] = [];
  reader.series(open, close, () => values.push(read()));
  return values;
}

function readList({ element, length }: Extract<ValueType, { kind: "list" }>, reader: WaveReader): ComponentValue {
  const start = reader.position;
  const values = readSeries(reader, "[", "]", () => readValue(element, reader));
  if (length !== undefined && values.length !== length) {
    throw reader.fail(`a list of "${length}" values is expected, and it has "${values.length}"`, start);
  }
  const isBytes = element.kind === "primitive" && element.type === "u8";
  return isBytes ? Uint8Array.from(values, Number) : values;
}

/** Values between parentheses; there are as many as types. */
function readTuple(types: readonly ValueType[], reader: WaveReader): ComponentValue[] {
  reader.expect("(");
  const values = types.map((type, index) => {
    if (index > 0) reader.expect(",");
    return readValue(type, reader);
  });
  reader.eats(",");
  reader.expect(")");
  return values;
}

/** Fields in any order; those of optional types may be left out, and a record of none that is there is `{:}`. */
function readRecord(fields: readonly Member[], reader: WaveReader): ComponentValue {
  const start = reader.position;
  const types = new Map(fields.map(({ name, type }) => [name, type]));
  const values = new Map<string, ComponentValue>();
  if (!reader.eats("{:}")) {
    reader.series("{", "}", () => {
      const at = reader.position;
      const name = plain(reader.label("the name of a field"));
      const type = types.get(name);
      if (type === undefined) throw reader.fail(`one of the fields ${namesOf(types.keys())} is expected`, at);
      if (values.has(name)) throw reader.fail(`another field is expected, "${name}" is there already`, at);
      reader.expect(":");
      values.set(name, readValue(type, reader));
    });
  }
  const missing = fields.filter(({ name, type }) => !values.has(name) && type.kind !== "option");
  if (missing.length > 0) {
    throw reader.fail(`a record with the fields ${namesOf(missing.map(({ name }) => name))} too is expected`, start);
  }
  // Each field becomes a property of its own, whatever it is called.
  return Object.fromEntries(fields.map(({ name }) => [name, values.get(name)]));
}

/** `some(…)`, `none`, or the value alone where it cannot be taken for one of these. */
function readOption(type: ValueType, reader: WaveReader): ComponentValue {
  if (reader.eatsWord("none")) return undefined;
  const value = readSome(type, reader);
  return type.kind === "option" ? { some: value } : value;
}

function readSome(type: ValueType, reader: WaveReader): ComponentValue {
  const start = reader.position;
  if (reader.eatsWord("some")) return readPayload(type, reader);
  if (type.kind === "option" || type.kind === "result") throw reader.fail("some(…) or none is expected", start);
  return readValue(type, reader);
}

function readPayload(type: ValueType, reader: WaveReader): ComponentValue {
  reader.expect("(");
  const value = readValue(type, reader);
  reader.eats(",");
  reader.expect(")");
  return value;
}

function readResult({ ok, err }: Extract<ValueType, { kind: "result" }>, reader: WaveReader): ComponentValue {
  const start = reader.position;
  if (reader.eatsWord("ok")) return tagged("ok", ok, reader);
  if (reader.eatsWord("err")) return tagged("err", err, reader);
  const mayBeFlat = ok !== undefined && ok.kind !== "option" && ok.kind !== "result";
  if (!mayBeFlat) throw reader.fail("ok or err is expected", start);
  return { tag: "ok", value: readValue(ok, reader) };
}

function readVariant(cases: readonly Case[], reader: WaveReader): ComponentValue {
  const tag = readName(
    cases.map(({ name }) => name),
    reader,
  );
  return tagged(tag, cases.find(({ name }) => name === tag)?.type, reader);
}

function tagged(tag: string, type: ValueType | undefined, reader: WaveReader): ComponentValue {
  return type === undefined ? { tag } : { tag, value: readPayload(type, reader) };
}

function readName(names: readonly string[], reader: WaveReader): string {
  const start = reader.position;
  const name = plain(reader.label(`one of ${namesOf(names)}`));
  if (names.includes(name)) return name;
  throw reader.fail(`one of ${namesOf(names)} is expected`, start);
}

/** Words of the language are names with a percent sign before them. */
function plain(label: string): string {
  return label.startsWith("%") ? label.slice(1) : label;
}

/** Names of one error message. */
const namesShownMax = 20;

function namesOf(names: Iterable<string>): string {
  const all = [...names];
  const shown = all.slice(0, namesShownMax).map((name) => `"${name}"`);
  return all.length > namesShownMax ? `${shown.join(", ")} and "${all.length - namesShownMax}" more` : shown.join(", ");
}
