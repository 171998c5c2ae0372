import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { pageBytes, tableElementBytes } from "./limits.ts";
import { pageLimitsOf, planMemory } from "./memory-plan.ts";
import type { Limits } from "./module-layout.ts";

const nowhere = { start: 0, end: 0 };

function layoutOf(memories: readonly Limits[], tables: readonly Limits[] = []): Parameters<typeof planMemory>[0] {
  return {
    memories: memories.map((limits) => ({ limits, range: nowhere })),
    tables: tables.map((limits) => ({ limits, head: nowhere, tail: nowhere })),
  };
}

const mebibyte = 2 ** 20;

test("gives a memory the smaller of its own maximum and the cap", () => {
  const open = planMemory(layoutOf([{ initial: 2, maximum: undefined }]), mebibyte);
  assert.deepEqual(pageLimitsOf(open, mebibyte), [16]);
  const closed = planMemory(layoutOf([{ initial: 2, maximum: 5 }]), mebibyte);
  assert.deepEqual(pageLimitsOf(closed, mebibyte), [5]);
});

test("another cap moves the limits of memories, and never below their start", () => {
  const plan = planMemory(layoutOf([{ initial: 2, maximum: undefined }]), mebibyte);
  assert.deepEqual(pageLimitsOf(plan, 2 * mebibyte), [32]);
  assert.deepEqual(pageLimitsOf(plan, 4 * pageBytes), [4]);
  assert.deepEqual(pageLimitsOf(plan, 1), [2]);
});

test("does not touch the maximum of a table that cannot grow", () => {
  const plan = planMemory(layoutOf([], [{ initial: 7, maximum: 7 }]), mebibyte);
  assert.deepEqual(plan.tables, [{ initialElements: 7, maximumElements: 7 }]);
});

test("lets a growing table grow by a power of two of elements", () => {
  const plan = planMemory(layoutOf([], [{ initial: 7, maximum: undefined }]), mebibyte);
  assert.deepEqual(plan.tables, [{ initialElements: 7, maximumElements: 7 + 4096 }]);
});

test("starts at the cap exactly and says what is missing one page beyond it", () => {
  planMemory(layoutOf([{ initial: 16, maximum: undefined }]), mebibyte);
  assert.throws(
    () => planMemory(layoutOf([{ initial: 17, maximum: undefined }]), mebibyte),
    (error) =>
      error instanceof KwasmError &&
      error.code === "limit-exceeded" &&
      error.message.includes(`"${17 * pageBytes}"`) &&
      error.message.includes(`"${mebibyte}"`),
  );
});

const sizes = fc
  .record({ initial: fc.nat({ max: 200 }), growth: fc.option(fc.nat({ max: 500 }), { nil: undefined }) })
  .map(({ initial, growth }) => ({ initial, maximum: growth === undefined ? undefined : initial + growth }));

test("never promises more than the cap and never less than the start", () => {
  const memories = fc.array(sizes, { maxLength: 4 });
  const tables = fc.array(sizes, { maxLength: 6 });
  fc.assert(
    fc.property(memories, tables, fc.nat({ max: 2 ** 26 }), (memoryList, tableList, cap) => {
      const layout = layoutOf(memoryList, tableList);
      const start = bytesOf(memoryList.map(initialOf), tableList.map(initialOf));
      if (start > cap) return assert.throws(() => planMemory(layout, cap), KwasmError);
      const plan = planMemory(layout, cap);
      const limits = pageLimitsOf(plan, cap);
      const tableMaxima = plan.tables.map((table) => table.maximumElements);
      assert.ok(bytesOf(limits, tableMaxima) <= cap);
      memoryList.forEach((memory, index) => assert.ok((limits[index] ?? -1) >= memory.initial));
      tableList.forEach((table, index) => assert.ok((tableMaxima[index] ?? -1) >= table.initial));
    }),
  );
});

function initialOf(limits: Limits): number {
  return limits.initial;
}

function bytesOf(pages: readonly number[], elements: readonly number[]): number {
  return sum(pages) * pageBytes + sum(elements) * tableElementBytes;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
