import assert from "node:assert/strict";
import test from "node:test";

import { formatMappedPorts, parseMappedPorts } from "./labels.ts";

function check(text: string | undefined, expected: readonly (readonly [number, number])[]): void {
  test(`mapped ports ${text ?? "(none)"}`, () => {
    assert.deepEqual([...parseMappedPorts(text)], expected);
  });
}

check(undefined, []);
check("", []);
check("nonsense", []);
check("80:8080,443:8443", [
  [80, 8080],
  [443, 8443],
]);

test("mapped ports are read as they were written", () => {
  const ports = new Map([
    [80, 8080],
    [443, 443],
  ]);
  assert.deepEqual(parseMappedPorts(formatMappedPorts(ports)), ports);
});
