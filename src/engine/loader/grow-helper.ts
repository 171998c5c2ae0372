import { encodeU32 } from "./section-writer.ts";

/** (func (param i32) (result i32)), the type of `memory.grow`. */
export const growHelperType: readonly number[] = [0x60, 0x01, 0x7f, 0x01, 0x7f];

/**
 * The body, size first, of the function that takes the place of `memory.grow`: it grows the memory and, where the
 * answer is -1, notes the pages asked for. In text, with `delta` as parameter 0 and `answer` as local 1:
 *
 *     (local.tee $answer (memory.grow $memory (local.get $delta)))
 *     (if (i32.eq (i32.const -1)) (then (global.set $refused (local.get $delta))))
 *     (local.get $answer)
 */
export function growHelperBody(memoryIndex: number, refusedGlobal: number): number[] {
  const code = [
    [0x01, 0x01, 0x7f], // one local, i32
    [0x20, 0x00], // local.get 0
    [0x40, ...encodeU32(memoryIndex)], // memory.grow
    [0x22, 0x01], // local.tee 1
    [0x41, 0x7f], // i32.const -1
    [0x46, 0x04, 0x40], // i32.eq, if
    [0x20, 0x00], // local.get 0
    [0x24, ...encodeU32(refusedGlobal)], // global.set
    [0x0b], // end of if
    [0x20, 0x01], // local.get 1
    [0x0b],
  ].flat();
  return [...encodeU32(code.length), ...code];
}
