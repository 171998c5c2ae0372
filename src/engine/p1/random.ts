import type { CallFamily, P1Context } from "./context.ts";
import { errno, P1Error } from "./errno.ts";

/** How many random bytes one call hands out: keys need a few, and 16 MiB hold the thread up for some 20 ms already. */
const randomBytesMax = 16 * 1_048_576;

/** `random_get`. */
export function randomCalls({ memory, fillRandom }: P1Context): CallFamily {
  return {
    plain: {
      random_get(pointer: number, length: number) {
        const target = memory.bytes(pointer, length);
        if (target.length > randomBytesMax) throw new P1Error(errno.invalid, "ask for too many random bytes at once");
        fillRandom(target);
        return undefined;
      },
    },
  };
}
