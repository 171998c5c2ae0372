import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressAllocator, addressRanges } from "./pod-addresses.ts";

test("addresses are given once, go round, and are free again after their release", () => {
  const allocator = new AddressAllocator({ prefix: "127.64" }, ["127.64.0.2"]);
  assert.deepEqual([allocator.allocate(), allocator.allocate()], ["127.64.0.1", "127.64.0.3"]);
  allocator.release("127.64.0.1");
  assert.equal(allocator.allocate(), "127.64.0.4");
  assert.equal(allocator.claim("127.64.0.1"), true);
  assert.equal(allocator.claim("127.64.0.1"), false);
});

test("a full range is an error that says so, and one freed address is found", () => {
  const allocator = new AddressAllocator({ prefix: "127.64" }, []);
  const all = new Set(Array.from({ length: 65_534 }, () => allocator.allocate()));
  assert.equal(all.size, 65_534);
  assert(!all.has("127.64.0.0") && !all.has("127.64.255.255"));
  assert.throws(() => allocator.allocate(), { code: "limit-exceeded" });
  allocator.release("127.64.9.9");
  assert.equal(allocator.allocate(), "127.64.9.9");
});

test("ranges of pods and services never meet each other or 127.0.0.1", () => {
  for (const stateDir of ["/a", "/b", "/home/x/.local/state/kwasm"]) {
    const { pods, services } = addressRanges(stateDir);
    assert.match(pods.prefix, /^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])$/);
    assert.match(services.prefix, /^127\.(12[89]|1[3-8]\d|19[01])$/);
    assert.deepEqual(addressRanges(stateDir), { pods, services });
  }
});
