import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { errorCodes, KwasmError, silentLog } from "#base";
import { Any, Empty } from "#proto";
import type { Call, Services } from "#ttrpc";

import { GrpcClient } from "./client.ts";
import { CONNECTIONS_MAX, MESSAGE_BYTES_MAX } from "./limits.ts";
import { GrpcServer } from "./server.ts";

const types = { request: Any, response: Any };
/** Long: no test waits for it. */
const TIMEOUT_MS = 60_000;

async function serve(services: Services) {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await mkdtempDisposable(join(tmpdir(), "kwasm-grpc-")));
  const path = join(directory.path, "server.sock");
  const server = stack.use(new GrpcServer(services, silentLog));
  await server.listen(path);
  const client = stack.use(new GrpcClient(path));
  return { path, client, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function call(client: GrpcClient, method: string, request: Partial<Any>, timeoutMs = TIMEOUT_MS) {
  const metadata = { "containerd-namespace": "k8s.io" };
  return client.call({ service: "test.Echo", method }, types, request, { timeoutMs, metadata });
}

const echo: Services = { "test.Echo": { Echo: async (payload) => payload } };

/** The bytes of a message whose whole encoding has so many. */
function messageOf(size: number): Partial<Any> {
  // Key and length of the one field, for lengths from 2 MiB up.
  return { value: new Uint8Array(size - 5) };
}

test("an answer comes back with what the caller sent, its metadata among it", async () => {
  const seen: Call[] = [];
  const services: Services = {
    "test.Echo": {
      Echo: async (payload, about) => {
        seen.push(about);
        return payload;
      },
    },
  };
  await using served = await serve(services);
  assert.equal((await call(served.client, "Echo", { typeUrl: "a" })).typeUrl, "a");
  assert.equal(seen[0]?.metadata.get("containerd-namespace"), "k8s.io");
});

test("each error arrives with its code and message", async () => {
  const fails: Services = {
    "test.Echo": Object.fromEntries(
      errorCodes.map((code) => [
        code,
        async () => {
          throw new KwasmError(code, `make "${code}": as asked`);
        },
      ]),
    ),
  };
  await using served = await serve(fails);
  for (const code of errorCodes) {
    const message = `call "test.Echo/${code}": make "${code}": as asked`;
    await assert.rejects(call(served.client, code, {}), { code, message });
  }
});

test("a method that is not served is unsupported", async () => {
  await using served = await serve(echo);
  await assert.rejects(call(served.client, "Other", {}), { code: "unsupported" });
});

test("a message may be as long as the limit and no longer", async () => {
  await using served = await serve(echo);
  const largest = await call(served.client, "Echo", messageOf(MESSAGE_BYTES_MAX));
  assert.equal(Any.encode(largest).byteLength, MESSAGE_BYTES_MAX);
  await assert.rejects(call(served.client, "Echo", messageOf(MESSAGE_BYTES_MAX + 1)), { code: "limit-exceeded" });
});

test("a caller whose time is up hears so, and the method is told", async () => {
  const aborted = Promise.withResolvers<unknown>();
  const services: Services = {
    "test.Echo": {
      Hang: (_payload, { signal }) => {
        signal.addEventListener("abort", () => aborted.resolve(signal.reason));
        return new Promise<never>(() => undefined);
      },
    },
  };
  await using served = await serve(services);
  await assert.rejects(call(served.client, "Hang", {}, 50), { code: "deadline-exceeded" });
  assert.equal(KwasmError.from(await aborted.promise, "wait").code, "cancelled");
});

test("nobody at the socket is unavailable", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "kwasm-grpc-"));
  using client = new GrpcClient(join(directory.path, "none.sock"));
  const name = { service: "test.Echo", method: "Echo" };
  const asked = client.call(name, { request: Empty, response: Empty }, {}, { timeoutMs: TIMEOUT_MS });
  await assert.rejects(asked, { code: "unavailable" });
});

test("connections beyond the limit are closed, and those before it still work", async () => {
  await using served = await serve(echo);
  await call(served.client, "Echo", {});
  await using stack = new AsyncDisposableStack();
  const open = async () => {
    const socket = connect(served.path);
    stack.defer(() => void socket.destroy());
    // A server's settings are the first that it says.
    return Promise.race([once(socket, "data").then(() => "served"), once(socket, "close").then(() => "closed")]);
  };
  const within = await Promise.all(Array.from({ length: CONNECTIONS_MAX - 1 }, open));
  assert.ok(within.every((outcome) => outcome === "served"));
  assert.equal(await open(), "closed");
  assert.equal((await call(served.client, "Echo", { typeUrl: "b" })).typeUrl, "b");
});
