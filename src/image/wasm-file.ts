import { open } from "node:fs/promises";
import { KwasmError } from "#base";

/** The two layers of WebAssembly binaries: core modules, and components of the component model. */
export type WasmKind = "module" | "component";

/** Magic number, version and layer; the core specification's binary format and the component model's Binary.md. */
const PREAMBLE_BYTES = 8;
const preambles: Readonly<Record<string, WasmKind>> = {
  "0061736d01000000": "module",
  "0061736d0d000100": "component",
};

const otherFormats: readonly { readonly start: RegExp; readonly what: string }[] = [
  {
    start: /^\x7fELF/,
    what: "it is a native Linux program; give the pod another RuntimeClass, or compile it for wasm32-wasip1",
  },
  { start: /^\s*(?:\(|;;)/, what: "it is WebAssembly text; assemble it with wat2wasm" },
  { start: /^#!/, what: "it is a script" },
  { start: /^\0asm/, what: "its version of WebAssembly is unknown" },
  { start: /^$/, what: "it is empty" },
];

/** Tells what kind of Wasm a file is; anything else is refused with `action` before the reason. */
export async function checkWasmFile(path: string, action: string): Promise<WasmKind> {
  return checkWasmBytes(await readStart(path, action), path, action);
}

/** As checkWasmFile, for a file that was read already: its first eight bytes tell. */
export function checkWasmBytes(bytes: Buffer, path: string, action: string): WasmKind {
  const start = bytes.subarray(0, PREAMBLE_BYTES);
  const kind = preambles[start.toString("hex")];
  if (kind !== undefined) return kind;
  const text = start.toString("latin1");
  const reason = otherFormats.find((format) => format.start.test(text))?.what ?? "it is no WebAssembly binary";
  throw new KwasmError("invalid-argument", `${action}: "${path}" cannot run, ${reason}`);
}

async function readStart(path: string, action: string): Promise<Buffer> {
  try {
    await using file = await open(path, "r");
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PREAMBLE_BYTES), 0, PREAMBLE_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw KwasmError.from(error, action);
  }
}
