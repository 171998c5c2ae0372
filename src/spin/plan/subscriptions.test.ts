import assert from "node:assert/strict";
import { test } from "node:test";
import type { RedisTrigger } from "../application.ts";
import { spinLimits } from "../limits.ts";
import { resolveVariables } from "../variables/resolve-variables.ts";
import { planSubscriptions } from "./subscriptions.ts";

const preset = { default: "cache", isSecret: false, description: "" };
const values = resolveVariables(new Map([["host", preset]]), new Map(), { takesBareNames: false });

function triggerOf(component: string, channel: string, address?: string): RedisTrigger {
  return { kind: "redis", id: `to-${component}`, component, channel, ...(address === undefined ? {} : { address }) };
}

function plan(redisAddress: string, ...triggers: readonly RedisTrigger[]) {
  return planSubscriptions({ name: "a", redisAddress }, triggers, values);
}

test("channels of one server are together, and components of one channel", () => {
  const triggers = [
    triggerOf("a", "{{ host }}s"),
    triggerOf("b", "caches"),
    triggerOf("c", "x"),
    triggerOf("d", "x", "rediss://me:secret@other:7000/1"),
  ];
  assert.deepEqual(plan("redis://{{ host }}", ...triggers), [
    {
      address: "redis://cache",
      outbound: "redis://cache:6379",
      channels: [
        ["caches", ["a", "b"]],
        ["x", ["c"]],
      ],
    },
    { address: "rediss://me:secret@other:7000/1", outbound: "rediss://other:7000", channels: [["x", ["d"]]] },
  ]);
});

test("what is no address is refused and not shown", () => {
  for (const address of ["", "cache:6379", "http://secret@x", "redis:///var/run/secret"]) {
    assert.throws(
      () => plan(address, triggerOf("a", "x")),
      (error: Error) => /"to-a": its address is none of Redis/.test(error.message) && !/secret/.test(error.message),
    );
  }
});

test("as many servers are listened to as are allowed, and no more", () => {
  const triggers = Array.from({ length: spinLimits.subscriptionsMax }, (_, at) =>
    triggerOf("a", "x", `redis://h${at}`),
  );
  assert.equal(plan("", ...triggers).length, spinLimits.subscriptionsMax);
  assert.throws(() => plan("", ...triggers, triggerOf("a", "x", "redis://more")), { code: "limit-exceeded" });
});
