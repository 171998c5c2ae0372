import { walkInstructions, selectOpcodes } from "./instruction-walker.ts";
import type { ModuleLayout } from "./module-layout.ts";
import { opcode } from "./opcodes.ts";

/** One `memory.grow` of a function body. */
export interface MemoryGrow {
  /** Position of the function among the defined ones. */
  readonly functionIndex: number;
  readonly start: number;
  readonly end: number;
  readonly memoryIndex: number;
}

const memoryGrowOnly = selectOpcodes([opcode.memoryGrow]);

/** Every `memory.grow` of the module in the order of the code, found by walking all instructions. */
export function findMemoryGrows(layout: ModuleLayout): MemoryGrow[] {
  const { bytes, bodies } = layout;
  const found: MemoryGrow[] = [];
  let functionIndex = 0;
  function visit(_code: number, start: number, end: number): void {
    found.push({ functionIndex, start, end, memoryIndex: readMemoryIndex(bytes, start + 1, end) });
  }
  for (; functionIndex < bodies.count; functionIndex++) {
    const range = { start: bodies.codeStart[functionIndex] ?? 0, end: bodies.entryStart[functionIndex + 1] ?? 0 };
    walkInstructions(bytes, range, memoryGrowOnly, visit);
  }
  return found;
}

/** Validation has bounded the index by the number of memories, so every bit above the first seven is padding. */
function readMemoryIndex(bytes: Uint8Array, start: number, end: number): number {
  return end > start ? (bytes[start] ?? 0) & 0x7f : 0;
}
