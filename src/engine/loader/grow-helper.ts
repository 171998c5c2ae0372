import { encodeU32 } from "./section-writer.ts";

/** (func (param i32) (result i32)), the type of `memory.grow`. */
export const growHelperType: readonly number[] = [0x60, 0x01, 0x7f, 0x01, 0x7f];

/** The globals that the helper of one memory uses. */
export interface GrowHelperGlobals {
  /** Pages that a guest asked for last and did not get. */
  readonly refused: number;
  /** Pages that the memory may have; never below what it has. */
  readonly limit: number;
}

/**
 * The body, size first, of the function that takes the place of `memory.grow`: it grows the memory as far as its limit
 * allows and, where the answer is -1, notes the pages asked for. In text, with `delta` as parameter 0 and `answer` as
 * local 1:
 *
 *     (local.set $answer (i32.const -1))
 *     (if (i32.le_u (local.get $delta) (i32.sub (global.get $limit) (memory.size $memory)))
 *       (then (local.set $answer (memory.grow $memory (local.get $delta)))))
 *     (if (i32.eq (local.get $answer) (i32.const -1)) (then (global.set $refused (local.get $delta))))
 *     (local.get $answer)
 */
export function growHelperBody(memoryIndex: number, { refused, limit }: GrowHelperGlobals): number[] {
  const memory = encodeU32(memoryIndex);
  const code = [
    [0x01, 0x01, 0x7f], // one local, i32
    [0x41, 0x7f, 0x21, 0x01], // i32.const -1, local.set 1
    [0x20, 0x00], // local.get 0
    [0x23, ...encodeU32(limit)], // global.get
    [0x3f, ...memory], // memory.size
    [0x6b, 0x4d, 0x04, 0x40], // i32.sub, i32.le_u, if
    [0x20, 0x00, 0x40, ...memory, 0x21, 0x01], // local.get 0, memory.grow, local.set 1
    [0x0b], // end of if
    [0x20, 0x01, 0x41, 0x7f], // local.get 1, i32.const -1
    [0x46, 0x04, 0x40], // i32.eq, if
    [0x20, 0x00], // local.get 0
    [0x24, ...encodeU32(refused)], // global.set
    [0x0b], // end of if
    [0x20, 0x01], // local.get 1
    [0x0b],
  ].flat();
  return [...encodeU32(code.length), ...code];
}
