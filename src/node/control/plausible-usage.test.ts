import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { plausibleUsage } from "./plausible-usage.ts";

const bounds = { elapsedNs: 1_000, memoryBytesMax: 65_536 };
const before = { cpuNanoseconds: 100, memoryBytes: 4_096 };

function check(cpuNanoseconds: number, memoryBytes: number, expected: readonly [cpu: number, memory: number]): void {
  const { cpuNanoseconds: cpu, memoryBytes: memory } = plausibleUsage({ cpuNanoseconds, memoryBytes }, before, bounds);
  assert.deepEqual([cpu, memory], expected);
}

test("what a cell says is believed as far as it can be true", () => {
  check(500.7, 65_536, [500, 65_536]);
  check(1_000, 8_192.5, [1_000, 8_192]);
  check(1_001, 65_537, [1_000, 65_536]);
  check(99, 0, [100, 4_096]);
});

test("what was known holds where a cell says nothing", () => {
  assert.deepEqual(plausibleUsage(undefined, before, bounds), before);
});

test("time never goes back and is always a whole number", () => {
  const amount = fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.record({ cpuNanoseconds: amount, memoryBytes: amount })), (told) => {
      let known = before;
      for (const usage of told) {
        const next = plausibleUsage(usage, known, bounds);
        assert.ok(next.cpuNanoseconds >= known.cpuNanoseconds && Number.isSafeInteger(next.cpuNanoseconds));
        assert.ok(Number.isSafeInteger(next.memoryBytes));
        known = next;
      }
    }),
  );
});
