import { readFileSync } from "node:fs";
import { join } from "node:path";
import wabt from "wabt";

const assembler = await wabt();

/** The binary of `bench/guests/NAME.wat`. */
export function assembleGuest(name: string): Uint8Array<ArrayBuffer> {
  return assembleFile(join(import.meta.dirname, "../guests", `${name}.wat`));
}

export function assembleFile(path: string): Uint8Array<ArrayBuffer> {
  const module = assembler.parseWat(path, readFileSync(path, "utf8"));
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}
