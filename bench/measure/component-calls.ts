/** Exports of `bench/guests/calls.wat`, whoever links it. */
export interface Calls {
  add(one: number, other: number): unknown;
  ask(value: number): unknown;
  echo(text: string): unknown;
  total(values: readonly number[]): unknown;
  /** Gives the memory back, where the linker can. */
  release?(): void;
}

/** Nanoseconds of each call and of making an instance. */
export type CallTimes = Readonly<Record<string, number>>;

const CALLS = 200_000;
const INSTANCES = 2_000;
const ROUNDS = 5;

const values = Array.from({ length: 100 }, (_value, index) => index);
const text = "a request of some length, as a path or a header may have";

/** Times what a linker makes; of each figure the fastest round, since neighbours only ever slow one down. */
export function timeCalls(instantiate: () => Calls): CallTimes {
  const calls = instantiate();
  return {
    "add two numbers": fastest(CALLS, (index) => calls.add(index, 1)),
    "ask the host": fastest(CALLS, (index) => calls.ask(index)),
    "a string both ways": fastest(CALLS, () => calls.echo(text)),
    "a list of 100 numbers": fastest(CALLS / 10, () => calls.total(values)),
    "a new instance": fastest(INSTANCES, () => instantiate().release?.()),
  };
}

function fastest(count: number, call: (index: number) => unknown): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    for (let index = 0; index < count; index++) call(index);
    best = Math.min(best, ((performance.now() - startedMs) * 1e6) / count);
  }
  return best;
}

export function half(value: number): number {
  return value >>> 1;
}
