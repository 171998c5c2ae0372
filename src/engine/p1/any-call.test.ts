import assert from "node:assert/strict";
import { mkdtempDisposableSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { DescriptorBudget, openDirectoryGrant } from "../host/index.ts";
import { errno } from "./errno.ts";
import { P1Caller, type P1Name, p1Signatures } from "./p1-fixture.ts";

const known = new Set<number>(Object.values(errno));

/** Values around every edge: small descriptors and flags, the ends of a page, of the memory and of both signs. */
const word = fc.oneof(
  fc.nat(8),
  fc.constantFrom(1_024, 65_528, 65_536, 262_144, 0x7fff_ffff, -1, -8, -(2 ** 31)),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
const longWord = fc.oneof(
  fc.bigInt(0n, 64n),
  fc.constantFrom(-1n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
);

/** All but the two that end the guest. */
const names = (Object.keys(p1Signatures) as P1Name[]).filter((name) => name !== "proc_exit" && name !== "proc_raise");

const anyCall = fc.constantFrom(...names).chain((name) => {
  const values = Array.from(p1Signatures[name], (letter): fc.Arbitrary<number | bigint> =>
    letter === "I" ? longWord : word,
  );
  return fc.tuple(...values).map((list) => ({ name, values: list }));
});

test("answers an errno to every call with whatever values, and no exception ever", async () => {
  const memory = fc.uint8Array({ minLength: 64, maxLength: 512 });
  await fc.assert(
    fc.asyncProperty(fc.array(anyCall, { maxLength: 20 }), memory, async (calls, bytes) => {
      using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-any-"));
      const budget = new DescriptorBudget(16);
      const mount = { guestPath: "/", fd: openSync(scratch.path, "r"), readOnly: false };
      using guest = new P1Caller({ budget, preopens: [openDirectoryGrant(mount, budget)] });
      guest.put(2_048, bytes);
      for (const { name, values } of calls) {
        // A random subscription may ask to wait for years; one of zeros is due at once.
        if (name === "poll_oneoff") guest.put(0, new Uint8Array(guest.memory.buffer.byteLength));
        const code = await guest.call(name, ...values);
        assert.ok(known.has(code), `${name}(${values.join(", ")}) answered ${code}`);
      }
    }),
    { numRuns: 150 },
  );
});
