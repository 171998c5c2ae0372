import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

import { KwasmError } from "#base";

/**
 * Elements that one repeated field may hold. A pod has tens of mounts, and a message of 4 MiB could otherwise become
 * two million objects.
 */
export const REPEATED_ELEMENTS_MAX = 16_384;

/** One field of a message: how its value is written and read. What is not sent has the value `initial`. */
interface Field<Value> {
  readonly number: number;
  readonly wireType: WireType;
  readonly initial: Value;
  /** Writes nothing for the initial value, as proto3 does. */
  write(writer: BinaryWriter, value: Value): void;
  /** Reads one occurrence; `previous` is what earlier ones gave. */
  read(reader: BinaryReader, previous: Value): Value;
}

/** A message type of the protocol buffers language, version 3, with the values that it encodes. */
export interface Message<Value> {
  /** The full name, which is also what `Any` calls it in containerd's messages. */
  readonly name: string;
  encode(value: Partial<Value>): Uint8Array;
  /** Throws `corrupt` for bytes that are no such message, `limit-exceeded` for too long a list. */
  decode(encoded: Uint8Array): Value;
}

export type MessageValue<Type> = Type extends Message<infer Value> ? Value : never;

type Shape = Readonly<Record<string, Field<unknown>>>;
type ValueOf<Fields extends Shape> = {
  readonly [Key in keyof Fields]: Fields[Key] extends Field<infer Value> ? Value : never;
};

/** Describes a message by its fields. Fields that are not described are skipped when it is read. */
export function message<Fields extends Shape>(name: string, fields: Fields): Message<ValueOf<Fields>> {
  const entries = Object.entries(fields);
  const byNumber = new Map(entries.map(([key, field]) => [field.number, { key, field }]));
  return {
    name,
    encode(value) {
      const writer = new BinaryWriter();
      const values: Readonly<Record<string, unknown>> = value;
      for (const [key, field] of entries) if (values[key] !== undefined) field.write(writer, values[key]);
      return writer.finish();
    },
    decode(encoded) {
      const values: Record<string, unknown> = Object.fromEntries(entries.map(([key, field]) => [key, field.initial]));
      try {
        readFields(new BinaryReader(encoded), byNumber, values);
      } catch (error) {
        if (error instanceof KwasmError) throw error;
        throw new KwasmError("corrupt", `read a message "${name}": ${String(error)}`, { cause: error });
      }
      // Each field wrote a value of its own type under its own key.
      return values as ValueOf<Fields>;
    },
  };
}

function readFields(
  reader: BinaryReader,
  fields: ReadonlyMap<number, { readonly key: string; readonly field: Field<unknown> }>,
  values: Record<string, unknown>,
): void {
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const known = fields.get(number);
    if (known === undefined || known.field.wireType !== wireType) reader.skip(wireType, number);
    else values[known.key] = known.field.read(reader, values[known.key]);
  }
}

interface Scalar<Value> {
  readonly wireType: WireType;
  readonly initial: Value;
  readonly write: (writer: BinaryWriter, value: Value) => void;
  readonly read: (reader: BinaryReader) => Value;
}

function scalar<Value>(number: number, { wireType, initial, write, read }: Scalar<Value>): Field<Value> {
  return {
    number,
    wireType,
    initial,
    write(writer, value) {
      if (value !== initial) write(writer.tag(number, wireType), value);
    },
    read,
  };
}

export function string(number: number): Field<string> {
  return scalar(number, {
    wireType: WireType.LengthDelimited,
    initial: "",
    write: (writer, value) => writer.string(value),
    read: (reader) => reader.string(),
  });
}

export function bool(number: number): Field<boolean> {
  return scalar(number, {
    wireType: WireType.Varint,
    initial: false,
    write: (writer, value) => writer.bool(value),
    read: (reader) => reader.bool(),
  });
}

export function uint32(number: number): Field<number> {
  return scalar(number, {
    wireType: WireType.Varint,
    initial: 0,
    write: (writer, value) => writer.uint32(value),
    read: (reader) => reader.uint32(),
  });
}

/** Also how enumerations travel. */
export function int32(number: number): Field<number> {
  return scalar(number, {
    wireType: WireType.Varint,
    initial: 0,
    write: (writer, value) => writer.int32(value),
    read: (reader) => reader.int32(),
  });
}

export function int64(number: number): Field<bigint> {
  return scalar(number, {
    wireType: WireType.Varint,
    initial: 0n,
    write: (writer, value) => writer.int64(value),
    read: (reader) => BigInt(reader.int64()),
  });
}

export function uint64(number: number): Field<bigint> {
  return scalar(number, {
    wireType: WireType.Varint,
    initial: 0n,
    write: (writer, value) => writer.uint64(value),
    read: (reader) => BigInt(reader.uint64()),
  });
}

export function bytes(number: number): Field<Uint8Array> {
  return {
    number,
    wireType: WireType.LengthDelimited,
    initial: new Uint8Array(),
    write(writer, value) {
      if (value.byteLength > 0) writer.tag(number, WireType.LengthDelimited).bytes(value);
    },
    read: (reader) => reader.bytes(),
  };
}

/** A message in a message; the last one counts where it is sent twice. */
export function nested<Value>(number: number, type: Message<Value>): Field<Value | undefined> {
  return {
    number,
    wireType: WireType.LengthDelimited,
    initial: undefined,
    write(writer, value) {
      if (value !== undefined) writer.tag(number, WireType.LengthDelimited).bytes(type.encode(value));
    },
    read: (reader) => type.decode(reader.bytes()),
  };
}

export function repeatedNested<Value>(number: number, type: Message<Value>): Field<readonly Value[]> {
  return repeated(
    number,
    (value) => type.encode(value),
    (element) => type.decode(element),
  );
}

export function repeatedString(number: number): Field<readonly string[]> {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  return repeated(
    number,
    (value) => encoder.encode(value),
    (element) => decoder.decode(element),
  );
}

function repeated<Value>(
  number: number,
  encode: (value: Value) => Uint8Array,
  decode: (element: Uint8Array) => Value,
): Field<readonly Value[]> {
  return {
    number,
    wireType: WireType.LengthDelimited,
    initial: [],
    write(writer, values) {
      for (const value of values) writer.tag(number, WireType.LengthDelimited).bytes(encode(value));
    },
    read(reader, previous) {
      if (previous.length >= REPEATED_ELEMENTS_MAX) throw tooLong(number);
      // The first list is the shared initial one; each further element goes into the list that was made for it.
      const list: Value[] = previous.length === 0 ? [] : (previous as Value[]);
      list.push(decode(reader.bytes()));
      return list;
    },
  };
}

function tooLong(number: number): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `read field "${String(number)}" of a message: it holds more than ${String(REPEATED_ELEMENTS_MAX)} elements; send fewer`,
  );
}
