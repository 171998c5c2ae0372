import { KwasmError } from "#base";
import { type ByteReader, exceeded, formatOffset } from "./byte-reader.ts";
import { moduleLimits, pagesMax } from "./limits.ts";
import type { Limits } from "./module-layout.ts";

const FUNCTION_TYPE = 0x60;
const NULLABLE_REFERENCE = 0x63;
const REFERENCE = 0x64;

/** First bytes of the type forms of garbage collection and stack switching, with the words for them. */
const unsupportedTypeForms: ReadonlyMap<number, string> = new Map([
  [0x5f, "a struct (garbage collection)"],
  [0x5e, "an array (garbage collection)"],
  [0x50, "a subtype (garbage collection)"],
  [0x4f, "a final subtype (garbage collection)"],
  [0x4e, "a recursion group (garbage collection)"],
  [0x5d, "a continuation (stack switching)"],
]);

/**
 * Passes one entry of the type section. Function types only: objects of the garbage collection proposal live on V8's
 * heap, where one guest can end the whole process and no memory limit counts them.
 */
export function skipFunctionType(reader: ByteReader): void {
  const form = reader.byte("a type");
  const refused = unsupportedTypeForms.get(form);
  if (refused !== undefined) throw unsupported(`the type at byte "${formatOffset(reader.position - 1)}" is ${refused}`);
  if (form !== FUNCTION_TYPE) throw reader.corrupt(`the type form "${formatOffset(form)}" does not exist`);
  skipValueTypes(reader, "parameters of one function type", moduleLimits.parametersMax);
  skipValueTypes(reader, "results of one function type", moduleLimits.resultsMax);
}

function skipValueTypes(reader: ByteReader, what: string, limit: number): void {
  for (let left = reader.count(what, limit); left > 0; left -= 1) skipValueType(reader);
}

export function skipValueType(reader: ByteReader): void {
  const first = reader.byte("a value type");
  if (first === REFERENCE || first === NULLABLE_REFERENCE) reader.skipS33("a heap type");
}

const HAS_MAXIMUM = 0x01;
const SHARED = 0x02;
const INDEX_64 = 0x04;

/** The size range of a memory. Only plain 32-bit ones pass: what is shared or wider cannot be capped and pooled. */
export function readMemoryLimits(reader: ByteReader): Limits {
  const limits = readLimits(reader, "memory");
  const greatest = Math.max(limits.initial, limits.maximum ?? 0);
  if (greatest > pagesMax) throw exceeded("pages in one memory", greatest, pagesMax);
  return limits;
}

export function readTableLimits(reader: ByteReader): Limits {
  const limits = readLimits(reader, "table");
  const limit = moduleLimits.tableElementsMax;
  if (limits.initial > limit) throw exceeded("elements in one table", limits.initial, limit);
  return limits;
}

function readLimits(reader: ByteReader, what: "memory" | "table"): Limits {
  const flags = reader.byte(`the limits of a ${what}`);
  if (flags > (HAS_MAXIMUM | SHARED | INDEX_64)) throw reader.corrupt(`the limits of a ${what} have unknown flags`);
  if ((flags & SHARED) !== 0) throw unsupported(`it has a shared ${what} (threads)`);
  if ((flags & INDEX_64) !== 0) throw unsupported(`it has a ${what} of 64-bit addresses (memory64)`);
  const initial = reader.u32(`the initial size of a ${what}`);
  const maximum = (flags & HAS_MAXIMUM) === 0 ? undefined : reader.u32(`the greatest size of a ${what}`);
  return { initial, maximum };
}

function unsupported(problem: string): KwasmError {
  return new KwasmError("unsupported", `reading a module: ${problem}, which is not run here; compile without it`);
}
