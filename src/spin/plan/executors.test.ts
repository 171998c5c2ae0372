import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpExecutor, HttpTrigger } from "../application.ts";
import { executorsOf } from "./executors.ts";

function triggerOf(component: string, executor: HttpExecutor): HttpTrigger {
  return { kind: "http", id: `to-${component}`, route: "/", answer: { kind: "component", component, executor } };
}

const http: HttpExecutor = { kind: "http" };
const wagi: HttpExecutor = { kind: "wagi", argv: "x", entrypoint: "_start" };
const fixed: HttpTrigger = {
  kind: "http",
  id: "s",
  route: "/",
  answer: { kind: "static", status: 200, headers: [], body: "" },
};

test("each component is asked in the way of its triggers", () => {
  const found = executorsOf([triggerOf("a", http), triggerOf("b", wagi), triggerOf("b", wagi), fixed]);
  assert.deepEqual(
    [...found],
    [
      ["a", http],
      ["b", { kind: "wagi", argv: "x" }],
    ],
  );
});

test("a component is asked in one way", () => {
  const ways = [http, { ...wagi, argv: "y" }] as const;
  for (const other of ways) {
    assert.throws(() => executorsOf([triggerOf("a", wagi), triggerOf("a", other)]), { code: "invalid-argument" });
  }
});

test("a command begins where commands do", () => {
  assert.throws(() => executorsOf([triggerOf("a", { ...wagi, entrypoint: "main" })]), { code: "unsupported" });
});
