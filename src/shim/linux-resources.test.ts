import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { KwasmError } from "#base";

import { limitsOf, MEMORY_BYTES_MAX, readResources, RESOURCES_BYTES_MAX } from "./linux-resources.ts";

const typeUrl = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";

function check(resources: unknown, expected: ReturnType<typeof limitsOf>): void {
  assert.deepEqual(limitsOf(resources), expected);
}

test("limits are those that concern a guest, and what is not said is left out", () => {
  check(undefined, {});
  check({ memory: { limit: 1024 } }, { memoryBytesMax: 1024 });
  check({ memory: { limit: 0 } }, {});
  check({ memory: { limit: -1 } }, { memoryBytesMax: MEMORY_BYTES_MAX });
  check({ memory: { limit: MEMORY_BYTES_MAX + 1 } }, { memoryBytesMax: MEMORY_BYTES_MAX });
  check({ memory: { limit: "1024" } }, {});
  check(
    { cpu: { shares: 512, quota: 50_000, period: 100_000 } },
    { cpu: { shares: 512, quotaUs: 50_000, periodUs: 100_000 } },
  );
  check({ cpu: { quota: -1, period: 100_000 }, memory: {} }, { cpu: { periodUs: 100_000 } });
  check({ cpu: {} }, {});
});

test("a change is read from what containerd sends, its denied devices included", () => {
  const resources = { devices: [{ allow: false, access: "rwm" }], memory: { limit: 2048 }, cpu: { shares: 2 } };
  const value = Buffer.from(JSON.stringify(resources));
  assert.deepEqual(readResources({ typeUrl, value }), { memoryBytesMax: 2048, cpu: { shares: 2 } });
});

test("a change that is none, or too long, is refused", () => {
  const empty = Buffer.from("{}");
  assert.throws(() => readResources(undefined), { code: "invalid-argument" });
  assert.throws(() => readResources({ typeUrl: "example/WindowsResources", value: empty }), {
    code: "invalid-argument",
  });
  assert.throws(() => readResources({ typeUrl, value: Buffer.from("{") }), { code: "invalid-argument" });
  const longest = Buffer.from("{}".padEnd(RESOURCES_BYTES_MAX));
  assert.deepEqual(readResources({ typeUrl, value: longest }), {});
  assert.throws(() => readResources({ typeUrl, value: Buffer.concat([longest, longest]) }), { code: "limit-exceeded" });
  assert.throws(() => readResources({ typeUrl, value: Buffer.from("{}".padEnd(RESOURCES_BYTES_MAX + 1)) }), {
    code: "limit-exceeded",
  });
});

test("any JSON is a change, and any bytes are one or a typed error", () => {
  fc.assert(fc.property(fc.json(), (text) => void readResources({ typeUrl, value: Buffer.from(text) })));
  fc.assert(
    fc.property(fc.uint8Array(), (value) => {
      try {
        readResources({ typeUrl, value });
      } catch (error) {
        assert.ok(error instanceof KwasmError);
      }
    }),
  );
});
