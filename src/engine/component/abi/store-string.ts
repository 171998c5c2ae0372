import type { AbiContext } from "./context.ts";
import { UTF16_TAG } from "./load-string.ts";

/** Where a string was written, and its length as the encoding counts. */
export interface StoredString {
  readonly pointer: number;
  readonly units: number;
}

/**
 * Writes a string into memory that the guest's allocator gives. How often that is called, and with what, follows the
 * specification for the encoding that the string comes from; strings of the host are measured before.
 */
export function storeString(context: AbiContext, text: string): StoredString {
  switch (context.encoding) {
    case "utf8":
      return storeUtf8(context, text);
    case "utf16":
      return storeUtf16(context, text);
    case "latin1+utf16":
      return storeLatin1OrUtf16(context, text);
  }
}

function storeUtf8(context: AbiContext, text: string): StoredString {
  const { source } = context;
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  const byteLength = Buffer.byteLength(wellFormed);
  if (source === "host" || source === "utf8") {
    const pointer = context.allocate(1, byteLength);
    writeUtf8(context, wellFormed, pointer);
    return { pointer, units: byteLength };
  }
  // As many bytes as there are characters are asked for first, and the most that they can take where one needs more.
  const units = text.length;
  let pointer = context.allocate(1, units);
  if (byteLength > units) {
    const worst = units * (source === "utf16" || isUtf16(text) ? 3 : 2);
    pointer = context.reallocate(pointer, units, 1, worst);
    writeUtf8(context, wellFormed, pointer);
    if (worst > byteLength) pointer = context.reallocate(pointer, worst, 1, byteLength);
    return { pointer, units: byteLength };
  }
  writeUtf8(context, wellFormed, pointer);
  return { pointer, units: byteLength };
}

function storeUtf16(context: AbiContext, text: string): StoredString {
  const byteLength = 2 * text.length;
  if (context.source !== "utf8") {
    const pointer = context.allocate(2, byteLength);
    writeUtf16(context, text, pointer);
    return { pointer, units: text.length };
  }
  const worst = 2 * Buffer.byteLength(text);
  let pointer = context.allocate(2, worst);
  writeUtf16(context, text, pointer);
  if (byteLength < worst) pointer = context.reallocate(pointer, worst, 2, byteLength);
  return { pointer, units: text.length };
}

function storeLatin1OrUtf16(context: AbiContext, text: string): StoredString {
  const isWide = isUtf16(text);
  if (context.source === "host" || (context.source === "latin1+utf16" && !isWide)) {
    return isWide ? storeTagged(context, text) : storeLatin1(context, text);
  }
  if (context.source === "latin1+utf16") return storeTagged(context, text);
  const units = context.source === "utf8" ? Buffer.byteLength(text) : text.length;
  let pointer = context.allocate(2, units);
  if (isWide) return widen(context, text, { pointer, units });
  writeLatin1(context, text, pointer);
  if (text.length < units) pointer = context.reallocate(pointer, units, 2, text.length);
  return { pointer, units: text.length };
}

/** What was to be Latin-1 turned out to need two bytes a unit. */
function widen(context: AbiContext, text: string, { pointer, units }: StoredString): StoredString {
  const worst = 2 * units;
  const byteLength = 2 * text.length;
  let wide = context.reallocate(pointer, units, 2, worst);
  writeUtf16(context, text, wide);
  if (worst > byteLength) wide = context.reallocate(wide, worst, 2, byteLength);
  return { pointer: wide, units: text.length + UTF16_TAG };
}

function storeTagged(context: AbiContext, text: string): StoredString {
  const pointer = context.allocate(2, 2 * text.length);
  writeUtf16(context, text, pointer);
  return { pointer, units: text.length + UTF16_TAG };
}

function storeLatin1(context: AbiContext, text: string): StoredString {
  const pointer = context.allocate(2, text.length);
  writeLatin1(context, text, pointer);
  return { pointer, units: text.length };
}

function isUtf16(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0xff) return true;
  }
  return false;
}

function writeUtf8(context: AbiContext, text: string, pointer: number): void {
  context.text.write(text, pointer, "utf8");
}

function writeUtf16(context: AbiContext, text: string, pointer: number): void {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  context.text.write(wellFormed, pointer, "utf16le");
}

function writeLatin1(context: AbiContext, text: string, pointer: number): void {
  context.text.write(text, pointer, "latin1");
}
