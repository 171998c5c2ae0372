import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { lowestBindablePort, mapPorts } from "./bindable-ports.ts";

function check(declared: readonly number[], lowest: number, expected: Readonly<Record<number, number>>): void {
  assert.deepEqual(Object.fromEntries(mapPorts(declared, lowest)), expected);
}

test("a port that may not be bound moves up by eight thousand", () => {
  check([80, 443, 8081], 1_024, { 80: 8_080, 443: 8_443 });
  check([80], 1, {});
  check([80, 8_080], 1_024, { 80: 8_081 });
});

test("no two ports meet, and every mapped one may be bound", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { maxLength: 30 }), (declared) => {
      const mapped = mapPorts(declared, 1_024);
      const real = declared.map((port) => mapped.get(port) ?? port);
      assert.equal(new Set(real).size, declared.length);
      assert(real.every((port) => port >= 1_024 && port <= 65_535));
    }),
  );
});

function machine(capabilities: string, border: string): (path: string) => string {
  return (path) => (path.endsWith("status") ? `Name:\tx\nCapEff:\t${capabilities}\n` : border);
}

test("the right to bind comes from a capability or from the kernel's border", () => {
  assert.equal(lowestBindablePort(machine("0000000000000400", "1024\n")), 1);
  assert.equal(lowestBindablePort(machine("0000000000000000", "1024\n")), 1_024);
  assert.equal(lowestBindablePort(machine("0000000000000000", "80\n")), 80);
  assert.equal(
    lowestBindablePort(() => ""),
    1_024,
  );
});
