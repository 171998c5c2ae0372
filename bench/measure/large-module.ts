/** Functions of one generated module, each of about a kilobyte. */
const FUNCTIONS = 1_000;
const OPERATIONS = 200;

const opcode = { localGet: 0x20, i32Const: 0x41, i32Add: 0x6a, i32Xor: 0x73, call: 0x10, end: 0x0b } as const;

const magicAndVersion = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0] as const;

/**
 * A valid module of about 1 MB: a thousand functions of straight arithmetic, of which `_start` calls the first. Modules
 * of different seeds differ in every function, so that no cache of V8 or of ours knows them.
 */
export function makeLargeModule(seed: number): Uint8Array<ArrayBuffer> {
  const bodies = Array.from({ length: FUNCTIONS }, (_, index) => makeBody(seed * FUNCTIONS + index));
  const start = withLength([0, opcode.i32Const, 1, opcode.call, 1, 0x1a, opcode.end]);
  const types = [2, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7f];
  const functions = [...unsigned(FUNCTIONS + 1), 0, ...bodies.map(() => 1)];
  return Uint8Array.from([
    ...magicAndVersion,
    ...section(1, types),
    ...section(3, functions),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name("_start"), 0, 0, ...name("memory"), 2, 0]),
    ...section(10, [...unsigned(FUNCTIONS + 1), ...start, ...bodies.flat()]),
  ]);
}

function makeBody(seed: number): number[] {
  const body = [0, opcode.localGet, 0];
  for (let index = 0; index < OPERATIONS; index++) {
    const constant = (Math.imul(seed * OPERATIONS + index + 1, 0x9e3779b1) >>> 5) | 0;
    body.push(opcode.i32Const, ...signed(constant), index % 2 === 0 ? opcode.i32Add : opcode.i32Xor);
  }
  return withLength([...body, opcode.end]);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...withLength(content)];
}

function name(text: string): number[] {
  return withLength([...Buffer.from(text)]);
}

function withLength(content: readonly number[]): number[] {
  return [...unsigned(content.length), ...content];
}

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  const rest = value >> 7;
  const isLast = (rest === 0 && (value & 0x40) === 0) || (rest === -1 && (value & 0x40) !== 0);
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(rest)];
}
