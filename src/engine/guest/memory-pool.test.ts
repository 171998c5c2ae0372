import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryPool } from "./memory-pool.ts";

const size = { initialPages: 1, maximumPages: 3 };

test("gives a memory out again, all zero", () => {
  const pool = createMemoryPool();
  const memory = pool.acquire(size);
  for (const at of [0, 4095, 4096, 65_535]) new Uint8Array(memory.buffer)[at] = 1;
  pool.release(memory, size);
  assert.equal(pool.acquire(size), memory);
  assert.ok(new Uint8Array(memory.buffer).every((byte) => byte === 0));
  assert.notEqual(pool.acquire(size), memory, "to one guest at a time");
});

test("keeps memories of different limits apart", () => {
  const pool = createMemoryPool();
  const memory = pool.acquire(size);
  pool.release(memory, size);
  assert.notEqual(pool.acquire({ initialPages: 1, maximumPages: 4 }), memory);
});

test("drops a memory that has grown", () => {
  const pool = createMemoryPool();
  const memory = pool.acquire(size);
  memory.grow(1);
  pool.release(memory, size);
  assert.notEqual(pool.acquire(size), memory);
});

function isKept(pages: number, touchedPages: number): boolean {
  const large = { initialPages: pages, maximumPages: pages };
  const pool = createMemoryPool({ bytesMax: 2 ** 24, memoryBytesMax: 2 ** 22, sparseBytesMax: 2 ** 20 });
  const memory = pool.acquire(large);
  new Uint8Array(memory.buffer).fill(1, 0, touchedPages * 65_536);
  pool.release(memory, large);
  return pool.acquire(large) === memory;
}

test("keeps a large memory where its guest has used much of it, and a small one always", () => {
  assert.deepEqual([isKept(32, 4), isKept(32, 2), isKept(16, 0), isKept(65, 65)], [true, false, true, false]);
});

test("does not clear large memories of a size whose guests use little, and looks again some time later", () => {
  const large = { initialPages: 128, maximumPages: 128 };
  const pool = createMemoryPool();
  pool.release(pool.acquire(large), large);
  const memory = pool.acquire(large);
  new Uint8Array(memory.buffer).fill(1);
  for (let left = 32; left > 0; left -= 1) pool.release(memory, large);
  assert.equal(new Uint8Array(memory.buffer)[0], 1);
  pool.release(memory, large);
  assert.equal(pool.acquire(large), memory);
  assert.equal(new Uint8Array(memory.buffer)[0], 0);
});

test("drops what it has no room for", () => {
  const pool = createMemoryPool({ bytesMax: 65_536, memoryBytesMax: 65_536, sparseBytesMax: 65_536 });
  const memories = [pool.acquire(size), pool.acquire(size)];
  for (const memory of memories) pool.release(memory, size);
  assert.equal(pool.acquire(size), memories[0]);
  assert.notEqual(pool.acquire(size), memories[1]);
  const large = { initialPages: 2, maximumPages: 2 };
  const largeMemory = pool.acquire(large);
  pool.release(largeMemory, large);
  assert.notEqual(pool.acquire(large), largeMemory);
});
