import mysql, { type FieldPacket } from "mysql2";

/** A parameter of a statement, as components give it. */
export interface MysqlParameter {
  readonly tag: keyof typeof writers | "db-null";
  readonly value?: boolean | number | bigint | string | Uint8Array;
}

/** A value as `rdbms-types` of Spin has it. */
export interface MysqlValue {
  readonly tag: string;
  readonly value?: unknown;
}

/** A value that components' types have no place for. */
export class ValueError extends Error {}

type Input = string | number | bigint | boolean | Buffer | null;

const { TypedParameter: typed } = mysql;

const writers = {
  boolean: typed.TINY,
  int8: typed.TINY,
  int16: typed.SHORT,
  int32: typed.LONG,
  int64: typed.LONGLONG,
  uint8: (value: Input) => typed.TINY.unsigned(value),
  uint16: (value: Input) => typed.SHORT.unsigned(value),
  uint32: (value: Input) => typed.LONG.unsigned(value),
  uint64: (value: Input) => typed.LONGLONG.unsigned(value),
  floating32: typed.FLOAT,
  floating64: typed.DOUBLE,
  str: typed.VAR_STRING,
  binary: typed.BLOB,
} as const;

/** Sent as what it is, and not as what JavaScript calls it. */
export function writeParameter({ tag, value }: MysqlParameter): unknown {
  if (tag === "db-null" || value === undefined) return null;
  const input: Input = value instanceof Uint8Array ? Buffer.from(value) : value;
  return writers[tag](typeof input === "boolean" ? Number(input) : input);
}

/** Numbers of types and flags (https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html). */
const { Types } = mysql;
const unsignedFlag = 32;
const binaryFlag = 128;

const signedTypes: ReadonlyMap<number | undefined, string> = new Map([
  [Types.TINY, "int8"],
  [Types.SHORT, "int16"],
  [Types.INT24, "int32"],
  [Types.LONG, "int32"],
  [Types.LONGLONG, "int64"],
]);

/** The case that a column's values have; `other` for those that Spin does not know (its convert_data_type). */
export function typeOfColumn({ columnType, flags }: FieldPacket): string {
  const bits = typeof flags === "number" ? flags : 0;
  const signed = signedTypes.get(columnType);
  if (signed !== undefined) return (bits & unsignedFlag) === 0 ? signed : `u${signed}`;
  switch (columnType) {
    case Types.FLOAT:
      return "floating32";
    case Types.DOUBLE:
      return "floating64";
    case Types.BLOB:
    case Types.STRING:
    case Types.VAR_STRING:
      return (bits & binaryFlag) === 0 ? "str" : "binary";
    case Types.MEDIUM_BLOB:
    case Types.LONG_BLOB:
      return "binary";
    default:
      return "other";
  }
}

/** What the library makes of values with our settings. */
export type MysqlCell = string | number | Buffer | null;

/** Throws a `ValueError`, as Spin fails a whole query for one value that it does not know. */
export function readValue(value: MysqlCell | undefined, column: FieldPacket): MysqlValue {
  if (value === null || value === undefined) return { tag: "db-null" };
  const tag = typeOfColumn(column);
  switch (tag) {
    case "other":
      throw new ValueError(`Cannot convert value in column ${column.name} data type Other`);
    case "str":
      return { tag, value: value instanceof Buffer ? value.toString("utf8") : String(value) };
    case "binary":
      return { tag, value: new Uint8Array(value instanceof Buffer ? value : Buffer.from(String(value))) };
    case "int64":
    case "uint64":
      // Told as text, since numbers of JavaScript are shorter.
      return { tag, value: BigInt(String(value)) };
    default:
      return { tag, value: Number(value) };
  }
}
