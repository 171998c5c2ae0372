import { HostError } from "../host/index.ts";

/** `wasi:clocks/wall-clock#datetime`. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

const nsPerSecond = 1_000_000_000n;

/** Times before 1970 cannot be said; they become its first moment. */
export function datetimeOf(nanoseconds: bigint): Datetime {
  if (nanoseconds < 0n) return { seconds: 0n, nanoseconds: 0 };
  return { seconds: nanoseconds / nsPerSecond, nanoseconds: Number(nanoseconds % nsPerSecond) };
}

export function nanosecondsOf({ seconds, nanoseconds }: Datetime): bigint {
  if (BigInt(nanoseconds) >= nsPerSecond) {
    throw new HostError("invalid", `set a time of ${nanoseconds} nanoseconds past a second: there are fewer`);
  }
  return seconds * nsPerSecond + BigInt(nanoseconds);
}
