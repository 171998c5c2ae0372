import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { HostError, GuestNetwork, inputFromBytes, parseNetworkRules } from "../../host/index.ts";
import { connectHere } from "../../host/network/plain-access.ts";
import { createP2Host, type P2Config } from "../p2-host.ts";

const october = "0.2.0-rc-2023-10-18";
const november = "0.2.0-rc-2023-11-10";

/** A component's end of a host, for a test: calls by name, as a guest makes them. */
function callerOf(version: string, config: Partial<P2Config> = {}) {
  const host = createP2Host({ onExit: () => new Error("exit"), ...config });
  return async (name: string, ...parameters: readonly unknown[]): Promise<unknown> => {
    const [interfaceName = "", member = ""] = name.split("#");
    const source = host.imports.interfaces[`wasi:${interfaceName}@${version}`]?.functions[member];
    assert.ok(source, `there is no "${name}"`);
    return Reflect.apply(typeof source === "function" ? source : source.suspending, undefined, parameters);
  };
}

function networkHere(outbound: readonly string[]): GuestNetwork {
  return new GuestNetwork({
    policy: parseNetworkRules({ outbound, binds: [] }),
    access: {
      connect: connectHere,
      lookUp: () => Promise.reject(new HostError("name-unresolvable", "look up in this test")),
      open: () => Promise.reject(new HostError("unsupported", "open a socket in this test")),
      socketOf: () => assert.fail("no socket is asked for here"),
    },
  });
}

test("each candidate offers its own functions, and what 0.2 has nothing for is not there", () => {
  const { imports, offers } = createP2Host({ onExit: () => new Error("exit") });
  const functionsOf = (name: string): readonly string[] => Object.keys(imports.interfaces[name]?.functions ?? {});
  assert.deepEqual(functionsOf(`wasi:io/poll@${october}`), ["poll-list", "poll-one"]);
  const streams = functionsOf(`wasi:io/streams@${october}`);
  assert.ok(streams.includes("[method]error.to-debug-string"));
  assert.ok(!streams.some((name) => /splice|forward/u.test(name)));
  assert.equal(offers(`wasi:io/error@${october}`), false);
  assert.equal(offers(`wasi:sockets/tcp@${october}`), false);
  assert.equal(offers(`wasi:sockets/tcp@${november}`), true);
  assert.ok(functionsOf(`wasi:http/types@${november}`).includes("[method]request-options.set-connect-timeout-ms"));
  assert.ok(!functionsOf(`wasi:http/types@${october}`).includes("[constructor]request-options"));
});

test("streams and clocks of October wait by a list of pollables", async () => {
  const call = callerOf(october, { stdin: inputFromBytes(Buffer.from("hi")) });
  const stdin = await call("cli/stdin#get-stdin");
  const readable = await call("io/streams#[method]input-stream.subscribe", stdin);
  const late = await call("clocks/monotonic-clock#subscribe", 2n ** 64n - 1n, true);
  assert.deepEqual(await call("io/poll#poll-list", [late, readable]), [1]);
  await call("io/poll#poll-one", await call("clocks/monotonic-clock#subscribe", 1_000_000n, false));
  const read = { tag: "ok", value: Buffer.from("hi") };
  assert.deepEqual(await call("io/streams#[method]input-stream.read", stdin, 9n), read);
});

test("requests of October are made at once, and their failures are of four kinds", async () => {
  const server = createServer((request, response) => response.end(`${request.method} ${request.url}`));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call = callerOf(october, { network: networkHere([authority]) });
  const http = "http/types#";
  const send = async (to: string) => {
    const fields = await call(`${http}[constructor]fields`, [["x-a", Buffer.from("1")]]);
    const [method, scheme] = [{ tag: "put" }, { tag: "HTTP" }];
    const request = await call(`${http}[constructor]outgoing-request`, method, "/p?q", scheme, to, fields);
    const { value: future } = (await call("http/outgoing-handler#handle", request, { "connect-timeout-ms": 900 })) as {
      readonly value: unknown;
    };
    await call("io/poll#poll-one", await call(`${http}[method]future-incoming-response.subscribe`, future));
    return (await call(`${http}[method]future-incoming-response.get`, future)) as { value: { value: object } };
  };
  const { value: answered } = await send(authority);
  const { value: body } = (await call(`${http}[method]incoming-response.consume`, answered.value)) as { value: object };
  const { value: input } = (await call(`${http}[method]incoming-body.stream`, body)) as { value: object };
  const text = await call("io/streams#[method]input-stream.blocking-read", input, 99n);
  assert.deepEqual(text, { tag: "ok", value: Buffer.from("PUT /p?q") });
  assert.deepEqual((await send("127.0.0.2:1")).value, {
    tag: "err",
    value: { tag: "unexpected-error", value: "HTTP-request-denied" },
  });
  await assert.rejects(call(`${http}[constructor]fields`, [["no name", Buffer.from("1")]]), /make fields/u);
  await assert.rejects(call(`${http}[constructor]outgoing-response`, 99, await call(`${http}[constructor]fields`, [])));
  server.close();
  server.closeAllConnections();
});
