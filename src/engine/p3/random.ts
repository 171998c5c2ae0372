import type { HostInterface } from "../component/index.ts";
import { plainFunction } from "./calls.ts";
import type { P2Context } from "../p2/context.ts";
import {
  insecureInterface as insecureOfP2,
  insecureSeedInterface as insecureSeedOfP2,
  randomBytesMax,
  randomInterface as randomOfP2,
} from "../p2/random.ts";

/** `wasi:random/random`. */
export function randomInterface(context: P2Context): HostInterface {
  return withFewerBytes(randomOfP2(context), "get-random-bytes");
}

/** `wasi:random/insecure`. */
export function insecureInterface(context: P2Context): HostInterface {
  return withFewerBytes(insecureOfP2(context), "get-insecure-random-bytes");
}

/** `wasi:random/insecure-seed`: meant to be asked once, so it is the same ever after. */
export function insecureSeedInterface(context: P2Context): HostInterface {
  const make = plainFunction(insecureSeedOfP2(context), "insecure-seed");
  let seed: unknown;
  return {
    functions: {
      "get-insecure-seed"(): unknown {
        seed ??= make();
        return seed;
      },
    },
    resources: {},
  };
}

/** A call names the most that it takes, and is given fewer where that is too much. */
function withFewerBytes(from: HostInterface, name: string): HostInterface {
  const source = plainFunction(from, name);
  const bytes = (length: bigint) =>
    Reflect.apply(source, undefined, [length < BigInt(randomBytesMax) ? length : BigInt(randomBytesMax)]) as unknown;
  return { functions: { ...from.functions, [name]: bytes }, resources: {} };
}
