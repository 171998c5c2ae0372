import assert from "node:assert/strict";
import { test } from "node:test";

import { ComponentOfTest } from "../../src/spin-host/interfaces/component-fixture.ts";
import { startRedis } from "./redis-server.ts";

const redis = await startRedis();
test.after(() => redis[Symbol.asyncDispose]());
const place = `127.0.0.1:${redis.port}`;

const ok = (value?: unknown) => (value === undefined ? { tag: "ok" } : { tag: "ok", value });
const err = (tag: string, value?: string) => ({ tag: "err", value: value === undefined ? { tag } : { tag, value } });

function allowed(): ComponentOfTest {
  return new ComponentOfTest({ outbound: [`redis://${place}`] });
}

/** Asks one interface of a connection that it opened. */
async function opened(component: ComponentOfTest, name: string, database: string) {
  const connection = await component.value(`${name}#[static]connection.open`, `redis://${place}/${database}`);
  return (expected: unknown, method: string, ...parameters: readonly unknown[]) =>
    component.check(expected, `${name}#[method]connection.${method}`, connection, ...parameters);
}

for (const [database, name] of ["fermyon:spin/redis@2", "spin:redis/redis@3"].entries()) {
  test(`${name} gets, sets, counts, keeps sets and does any command`, async () => {
    using component = allowed();
    const check = await opened(component, name, String(database));
    const bytes = new Uint8Array([0, 13, 10, 255]);
    await check({ tag: "ok", value: undefined }, "get", "a");
    await check(ok(), "set", "a", bytes);
    await check(ok(bytes), "get", "a");
    await check(ok(1n), "incr", "n");
    await check(ok(2n), "incr", "n");
    await check(ok(2), "sadd", "s", ["x", "é"]);
    await check(ok(1), "srem", "s", ["x", "y"]);
    await check(ok(["é"]), "smembers", "s");
    await check(ok(), "publish", "channel", bytes);
    await check(ok([{ tag: "status", value: "OK" }]), "execute", "SET", [
      { tag: "binary", value: Buffer.from("b") },
      { tag: "int64", value: -5n },
    ]);
    await check(ok([{ tag: "int64", value: -4n }]), "execute", "INCR", [{ tag: "binary", value: Buffer.from("b") }]);
    const keys = ["a", "absent", "b"].map((key) => ({ tag: "binary", value: Buffer.from(key) }));
    const values = [
      { tag: "binary", value: bytes },
      { tag: "nil" },
      { tag: "binary", value: new Uint8Array([45, 52]) },
    ];
    await check(ok(values), "execute", "MGET", keys);
    await check(ok(2), "del", ["a", "b", "c"]);
  });

  test(`${name} tells errors of the server, of types and of addresses as Spin does`, async () => {
    using component = allowed();
    const check = await opened(component, name, String(database));
    await check(ok(), "set", "text", new Uint8Array([65]));
    const wrong = "WRONGTYPE: Operation against a key holding the wrong kind of value";
    await check(err("other", wrong), "sadd", "text", ["x"]);
    const notNumber = "An error was signalled by the server - ResponseError: value is not an integer or out of range";
    await check(err("other", notNumber), "incr", "text");
    const open = `${name}#[static]connection.open`;
    for (const address of ["", place, `http://${place}`, "unix:/run/redis.sock", `redis://${place}/x`]) {
      await component.check(err("invalid-address"), open, address);
    }
    await component.check(err("invalid-address"), open, "redis://127.0.0.1:1");
    await component.check(err("invalid-address"), open, `rediss://${place}`);
    const refused = await component.call(open, `redis://user:secret@${place}`);
    assert.match(JSON.stringify(refused), /"other","value":"Password authentication failed/);
  });
}

test("fermyon:spin/redis of Spin 1 connects for each call and says of errors only that they are some", async () => {
  using component = allowed();
  const address = `redis://${place}/2`;
  const check = (expected: unknown, name: string, ...parameters: readonly unknown[]) =>
    component.check(expected, `fermyon:spin/redis#${name}`, address, ...parameters);
  const value = new Uint8Array([1]);
  await check(ok(new Uint8Array()), "get", "a");
  await check(ok(), "set", "a", value);
  await check(ok(value), "get", "a");
  await check(ok(1n), "incr", "n");
  await check(ok(1n), "sadd", "s", ["x"]);
  await check(ok(["x"]), "smembers", "s");
  await check(ok(1n), "srem", "s", ["x"]);
  await check(ok(2n), "del", ["a", "n"]);
  await check(ok([{ tag: "status", value: "PONG" }]), "execute", "PING", []);
  await check({ tag: "err", value: "error" }, "execute", "NONSENSE", []);
  await component.check({ tag: "err", value: "error" }, "fermyon:spin/redis#get", "redis://127.0.0.1:1", "a");
});

test("a command that is never answered holds up no other connection, and ends with its instance", async () => {
  using component = allowed();
  const name = "fermyon:spin/redis@2";
  const [waiting, other] = [await opened(component, name, "3"), await opened(component, name, "3")];
  const words = ["never", "0"].map((text) => ({ tag: "binary", value: Buffer.from(text) }));
  const left = waiting(err("other", "the connection was closed"), "execute", "BLPOP", words);
  await other(ok(1n), "incr", "n");
  component[Symbol.dispose]();
  await left;
});

test("an instance has so many connections and no more", async () => {
  using component = allowed();
  const open = "spin:redis/redis@3#[static]connection.open";
  const connections = await Promise.all(Array.from({ length: 128 }, () => component.value(open, `redis://${place}`)));
  await component.check(err("too-many-connections"), open, `redis://${place}`);
  component.drop("spin:redis/redis@3", "connection", connections[0]);
  await component.value(open, `redis://${place}`);
});

test("an answer that is larger than is taken ends its connection", async () => {
  using component = allowed();
  const check = await opened(component, "fermyon:spin/redis@2", "4");
  const script = Buffer.from("local half = string.rep(string.rep('x', 1000), 40000) return {half, half}");
  const parameters = [
    { tag: "binary", value: script },
    { tag: "int64", value: 0n },
  ];
  const refused = err("other", "query result exceeds limit of 67108864 bytes");
  await check(refused, "execute", "EVAL", parameters);
  await check(refused, "execute", "PING", []);
});

test("TLS is spoken where the address says so, with a certificate that is checked unless it says not to", async () => {
  await using secure = await startRedis({ isSecure: true });
  const url = `rediss://127.0.0.1:${secure.port}`;
  using component = new ComponentOfTest({ outbound: [url] });
  const name = "fermyon:spin/redis@2#";
  const untrusted = await component.call(`${name}[static]connection.open`, url);
  assert.match(JSON.stringify(untrusted), /"other","value":"TLS with/);
  const connection = await component.value(`${name}[static]connection.open`, `${url}#insecure`);
  await component.check(ok(1n), `${name}[method]connection.incr`, connection, "n");
  component.drop("fermyon:spin/redis@2", "connection", connection);
  const closed = err("other", "the connection was closed");
  await component.check(closed, `${name}[method]connection.incr`, connection, "n");
});
