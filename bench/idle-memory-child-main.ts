import { readFileSync } from "node:fs";

import { createLoader, DescriptorBudget, type Guest, startGuest } from "#engine";

import { assembleGuest } from "./measure/assemble.ts";

/**
 * A process with that many idle guests in it, for `bench/idle-memory.ts`: `node --expose-gc FILE COUNT`. Prints what they
 * cost as JSON and ends.
 */
const PAGE_BYTES = 65_536;
const WARM_GUESTS = 10;

const count = Number(process.argv[2]);
const loader = createLoader();
const module = await loader.load(assembleGuest("idle"), { memoryBytesMax: 1024 * 1024 });
const guestBytes = (module.memories[0]?.initialPages ?? 0) * PAGE_BYTES;
const guests: Guest[] = [];

async function startUpTo(total: number): Promise<void> {
  while (guests.length < total) guests.push(await startGuest(module, { budget: new DescriptorBudget(16) }));
  // Twice: what the first collection only marks as free is gone after the second.
  for (let round = 0; round < 2; round++) globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
}

/** Resident bytes of this process, and of them those in mappings of exactly a guest's memory. */
function measure(): { readonly all: number; readonly guests: number } {
  let sum = { all: 0, guests: 0 };
  let size = 0;
  for (const line of readFileSync("/proc/self/smaps", "utf8").split("\n")) {
    const [, field = "", kibibytes = ""] = /^(Size|Rss): +(\d+) kB$/.exec(line) ?? [];
    const bytes = Number(kibibytes) * 1024;
    if (field === "Size") size = bytes;
    if (field !== "Rss") continue;
    sum = { all: sum.all + bytes, guests: sum.guests + (size === guestBytes ? bytes : 0) };
  }
  return sum;
}

await startUpTo(WARM_GUESTS);
const before = measure();
await startUpTo(WARM_GUESTS + count);
const after = measure();
process.stdout.write(
  JSON.stringify({
    rssBytes: (after.all - before.all) / count,
    touchedBytes: (after.guests - before.guests) / count,
  }),
);
process.exit(0);
