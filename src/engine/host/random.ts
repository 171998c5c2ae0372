import { randomFillSync } from "node:crypto";

/** Fills bytes that nobody can foresee. Injected, so that tests can repeat themselves. */
export type FillRandom = (target: Uint8Array) => void;

/** OpenSSL is asked for at most this many bytes at once, the customary bound of getentropy-like interfaces times 256. */
const randomStepBytes = 65_536;

export function fillSecureRandom(target: Uint8Array): void {
  for (let offset = 0; offset < target.length; offset += randomStepBytes) {
    randomFillSync(target.subarray(offset, offset + randomStepBytes));
  }
}
