import { isDeepStrictEqual } from "node:util";
import type { ComponentValue } from "../../src/engine/component/index.ts";

/** A value as `wasm-tools json-from-wast` writes it. */
export interface JsonValue {
  readonly type: string;
  readonly value?: unknown;
}

/** The value as the linker takes and gives it. */
export function valueOf(json: JsonValue): ComponentValue {
  const { type, value } = json;
  switch (type) {
    case "f32":
    case "f64":
      return floatOf(type, String(value));
    case "u64":
    case "s64":
      return BigInt(String(value));
    case "bool":
    case "string":
    case "char":
    case "enum":
      // These stand in the file as they are.
      return value as ComponentValue;
    case "list":
    case "tuple":
      return listOf(value as readonly JsonValue[], type);
    case "record":
      return Object.fromEntries((value as [string, JsonValue][]).map(([name, field]) => [name, valueOf(field)]));
    case "flags":
      return new Set(value as string[]);
    case "option":
      return value === null || value === undefined ? undefined : valueOf(value as JsonValue);
    case "variant": {
      const { case: tag, payload } = value as { case: string; payload?: JsonValue | null };
      return payload === null || payload === undefined ? { tag } : { tag, value: valueOf(payload) };
    }
    case "result":
      return resultOf(value as { Ok?: JsonValue | null; Err?: JsonValue | null });
    default:
      return Number(value);
  }
}

/** The bits of a number as an integer. */
function floatOf(type: "f32" | "f64", bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  if (bits.startsWith("nan")) return NaN;
  view.setBigUint64(0, BigInt(bits), true);
  return type === "f32" ? view.getFloat32(0, true) : view.getFloat64(0, true);
}

function listOf(values: readonly JsonValue[], type: string): ComponentValue {
  const isBytes = type === "list" && values[0]?.type === "u8";
  return isBytes ? Uint8Array.from(values, ({ value }) => Number(value)) : values.map(valueOf);
}

function resultOf(result: { Ok?: JsonValue | null; Err?: JsonValue | null }): ComponentValue {
  const [tag, payload] = "Ok" in result ? ["ok", result.Ok] : ["err", result.Err];
  return payload === null || payload === undefined ? { tag } : { tag, value: valueOf(payload) };
}

export function sameValue(one: ComponentValue, other: ComponentValue): boolean {
  if (one instanceof Uint8Array && Array.isArray(other) && one.length + other.length === 0) return true;
  return isDeepStrictEqual(one, other);
}
