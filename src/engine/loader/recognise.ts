import { KwasmError } from "#base";
import { moduleLimits } from "./limits.ts";

const wasmMagic = [0x00, 0x61, 0x73, 0x6d] as const;
const preambleBytes = 8;

/** Beginnings of files that people pass by mistake, longest first where one is the beginning of another. */
const familiarBeginnings: readonly { readonly bytes: readonly number[]; readonly name: string }[] = [
  { bytes: [0x7f, 0x45, 0x4c, 0x46], name: "a native Linux program (ELF); compile it for the target wasm32-wasi" },
  { bytes: [0x1f, 0x8b], name: "gzip data; decompress it first" },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], name: "zstd data; decompress it first" },
  { bytes: [0x50, 0x4b, 0x03, 0x04], name: "a zip archive; extract the module first" },
  { bytes: [0x42, 0x43, 0xc0, 0xde], name: "LLVM bitcode; link it into a module first" },
  { bytes: [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e], name: "a library archive; link it into a module first" },
  { bytes: [0x23, 0x21], name: "a script" },
];

/**
 * Passes for a core module of version 1; everything else is a typed error that says what the file is instead. The
 * second half of the preamble tells a module (version 1, layer 0) from a component (layer 1).
 */
export function requireCoreModule(bytes: Uint8Array): void {
  if (bytes.length > moduleLimits.moduleBytesMax) throw tooLarge(bytes.length);
  if (bytes.length === 0) throw notWasm("it is empty");
  const known = Math.min(bytes.length, wasmMagic.length);
  if (!startsWith(bytes, wasmMagic.slice(0, known))) throw notWasm(`it looks like ${describeBeginning(bytes)}`);
  if (bytes.length < preambleBytes) {
    throw new KwasmError(
      "corrupt",
      `reading a module: the file ends after "${bytes.length}" bytes, before its version`,
    );
  }
  requireVersion((bytes[4] ?? 0) | ((bytes[5] ?? 0) << 8), (bytes[6] ?? 0) | ((bytes[7] ?? 0) << 8));
}

function requireVersion(version: number, layer: number): void {
  if (layer === 1) {
    throw new KwasmError(
      "unsupported",
      "reading a module: this is a component, and only core modules are run here; build it as a core module (target wasm32-wasip1)",
    );
  }
  if (layer !== 0 || version !== 1) {
    throw new KwasmError("unsupported", `reading a module: version "${version}" of layer "${layer}" is not known`);
  }
}

function tooLarge(size: number): KwasmError {
  const limit = moduleLimits.moduleBytesMax;
  return new KwasmError("limit-exceeded", `reading a module: the file has "${size}" bytes, at most "${limit}" are run`);
}

function notWasm(problem: string): KwasmError {
  return new KwasmError("invalid-argument", `reading a module: the file is not WebAssembly, ${problem}`);
}

function describeBeginning(bytes: Uint8Array): string {
  const familiar = familiarBeginnings.find((candidate) => startsWith(bytes, candidate.bytes));
  if (familiar !== undefined) return familiar.name;
  const beginning = Buffer.from(bytes.subarray(0, 64)).toString("latin1");
  if (/^\s*\(\s*(module|component)\b/.test(beginning)) return "WebAssembly text; convert it with wat2wasm first";
  return /^[\t\n\r -~]+$/.test(beginning) ? "text" : "unknown binary data";
}

function startsWith(bytes: Uint8Array, beginning: readonly number[]): boolean {
  return beginning.every((byte, index) => bytes[index] === byte);
}
