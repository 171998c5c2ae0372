import { KwasmError } from "#base";

const msOfUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A century: what is longer was not meant, and overflows timers and dates. */
const DURATION_MS_MAX = 100 * 365 * 24 * 3_600_000;

const partPattern = /(?<count>\d+(?:\.\d+)?)(?<unit>ms|s|m|h)/g;
const wholePattern = new RegExp(`^(?:${partPattern.source.replaceAll(/\?<\w+>/g, "?:")})+$`);

/** Milliseconds of a duration as Go and kubectl write it: `5s`, `1h30m`, `1.5m`. `option` names it in the error. */
export function parseDurationMs(text: string, option: string): number {
  if (!wholePattern.test(text)) {
    throw new KwasmError("invalid-argument", `read ${option} "${text}": write a duration such as 500ms, 5s or 1h30m`);
  }
  const durationMs = [...text.matchAll(partPattern)].reduce((sum, { groups }) => {
    return sum + Number(groups?.["count"]) * (msOfUnits[groups?.["unit"] ?? ""] ?? 0);
  }, 0);
  if (durationMs <= DURATION_MS_MAX) return Math.round(durationMs);
  throw new KwasmError("limit-exceeded", `read ${option} "${text}": give less than a hundred years`);
}

/** A whole number of an option, from `min` on. */
export function parseCount(text: string, option: string, min = 0): number {
  const count = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(count) && count >= min) return count;
  throw new KwasmError("invalid-argument", `read ${option} "${text}": write a whole number from ${min} on`);
}
