import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpExecutor, HttpTrigger, SpinTrigger } from "../application.ts";
import { chooseTriggers } from "./executors.ts";

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

function choose(...triggers: readonly SpinTrigger[]) {
  return chooseTriggers({ name: "a", triggers });
}

test("each component is asked in the way of its triggers", () => {
  const { executors: found } = choose(triggerOf("a", http), triggerOf("b", wagi), triggerOf("b", wagi), fixed);
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
    assert.throws(() => choose(triggerOf("a", wagi), triggerOf("a", other)), { code: "invalid-argument" });
  }
});

test("a command begins where commands do", () => {
  assert.throws(() => choose(triggerOf("a", { ...wagi, entrypoint: "main" })), { code: "unsupported" });
});

const redis: SpinTrigger = { kind: "redis", id: "r", component: "m", channel: "c" };

test("a component is given messages, of any number of channels, or requests", () => {
  const { redis: chosen, executors } = choose(redis, { ...redis, channel: "d" }, triggerOf("a", http));
  assert.equal(chosen.length, 2);
  assert.deepEqual(executors.get("m"), { kind: "redis" });
  assert.throws(() => choose(redis, triggerOf("m", http)), { code: "invalid-argument" });
});

const command: SpinTrigger = { kind: "command", id: "c", component: "a" };

test("of commands the first one is run", () => {
  const { http: routes, executors } = choose(command, { ...command, component: "b" });
  assert.deepEqual([routes, ...executors], [[], ["a", { kind: "command" }]]);
});

test("a command beside what answers requests is refused", () => {
  assert.throws(() => choose(command, fixed), { code: "unsupported", message: /an application for each/ });
});

for (const type of ["mqtt", "sqs", "cron", "whatever"]) {
  test(`a trigger of type "${type}" is refused by its name`, () => {
    const message = new RegExp(`trigger "t" is of type "${type}"; those of types http, redis and command are run`, "u");
    assert.throws(() => choose({ kind: "other", id: "t", type }), { code: "unsupported", message });
  });
}
