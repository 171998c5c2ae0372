import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRedisAddress, type RedisAddress } from "./redis-address.ts";

const plain: RedisAddress = {
  scheme: "redis",
  host: "cache",
  port: 6379,
  user: undefined,
  password: undefined,
  database: undefined,
  isInsecure: false,
};

function check(text: string, expected: Partial<RedisAddress> | undefined): void {
  test(`${text} is ${expected === undefined ? "no address" : "an address"}`, () => {
    assert.deepEqual(parseRedisAddress(text), expected && { ...plain, ...expected });
  });
}

check("redis://cache", {});
check("redis://cache/", {});
check("redis://cache:7000/3", { port: 7000, database: 3 });
check("redis://:p%40ss@cache", { password: "p@ss" });
check("redis://ada:secret@cache", { user: "ada", password: "secret" });
check("redis://[::1]:7000", { host: "::1", port: 7000 });
check("rediss://cache#insecure", { scheme: "rediss", isInsecure: true });
check("cache", undefined);
check("cache:6379", undefined);
check("redis://", undefined);
check("redis://cache/x", undefined);
check("redis://:%zz@cache", undefined);
check("unix:/run/redis.sock", undefined);
check(`redis://${"a".repeat(5_000)}`, undefined);
