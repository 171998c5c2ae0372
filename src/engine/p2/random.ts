import { KwasmError } from "#base";
import type { HostInterface } from "../component/index.ts";
import type { P2Context } from "./context.ts";

/** Bytes of one call; a guest may ask for 2^64. */
export const randomBytesMax = 16 * 1_048_576;

/** `wasi:random/random`. */
export function randomInterface(context: P2Context): HostInterface {
  return {
    functions: {
      "get-random-bytes": (length: bigint) => bytesOf(context, length),
      "get-random-u64": () => u64Of(context),
    },
    resources: {},
  };
}

/** `wasi:random/insecure`: from the same source, since a weaker one would cost no less. */
export function insecureInterface(context: P2Context): HostInterface {
  return {
    functions: {
      "get-insecure-random-bytes": (length: bigint) => bytesOf(context, length),
      "get-insecure-random-u64": () => u64Of(context),
    },
    resources: {},
  };
}

/** `wasi:random/insecure-seed`. */
export function insecureSeedInterface(context: P2Context): HostInterface {
  return { functions: { "insecure-seed": () => [u64Of(context), u64Of(context)] }, resources: {} };
}

function bytesOf({ fillRandom }: P2Context, length: bigint): Uint8Array {
  if (length > BigInt(randomBytesMax)) {
    throw new KwasmError("limit-exceeded", `give "${length}" random bytes: at most "${randomBytesMax}" a call`);
  }
  const bytes = new Uint8Array(Number(length));
  fillRandom(bytes);
  return bytes;
}

function u64Of({ fillRandom }: P2Context): bigint {
  const words = new BigUint64Array(1);
  fillRandom(new Uint8Array(words.buffer));
  return words[0] ?? 0n;
}
