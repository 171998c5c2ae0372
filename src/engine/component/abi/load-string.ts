import { callLimits } from "../limits.ts";
import type { AbiContext } from "./context.ts";
import { trap } from "./trap.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder("utf-16le", { fatal: true, ignoreBOM: true });

/** Up to here Node's own reading is faster than a decoder. What it could not read it replaces, so that is looked for. */
const SHORT_BYTES_MAX = 1_024;
const REPLACEMENT = "\ufffd";

/** Set in the length of a string that may be either and is in UTF-16. */
export const UTF16_TAG = 2 ** 31;

/** Reads a string of so many code units of the context's encoding. */
export function loadString(context: AbiContext, pointer: number, units: number): string {
  switch (context.encoding) {
    case "utf8":
      return decode(context, pointer, { byteLength: units, alignment: 1 }, utf8);
    case "utf16":
      return decode(context, pointer, { byteLength: 2 * units, alignment: 2 }, utf16);
    case "latin1+utf16":
      if (units >= UTF16_TAG) {
        return decode(context, pointer, { byteLength: 2 * (units - UTF16_TAG), alignment: 2 }, utf16);
      }
      return decode(context, pointer, { byteLength: units, alignment: 2 }, undefined);
  }
}

/** Without a decoder each byte is a character: Latin-1, which no decoder of the platform knows as it is. */
function decode(
  context: AbiContext,
  pointer: number,
  { byteLength, alignment }: { byteLength: number; alignment: number },
  decoder: TextDecoder | undefined,
): string {
  if (byteLength > callLimits.listBytesMax) throw trap(`a string has more than "${callLimits.listBytesMax}" bytes`);
  context.checkRange(pointer, byteLength, alignment, "string");
  context.charge(2 * byteLength);
  const end = pointer + byteLength;
  if (decoder === undefined) return context.text.toString("latin1", pointer, end);
  if (decoder === utf8 && byteLength <= SHORT_BYTES_MAX) {
    const text = context.text.toString("utf8", pointer, end);
    if (!text.includes(REPLACEMENT)) return text;
  }
  try {
    return decoder.decode(context.bytes.subarray(pointer, end));
  } catch {
    throw trap(`a string is no valid ${decoder.encoding}`);
  }
}
