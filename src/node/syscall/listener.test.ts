import assert from "node:assert/strict";
import { closeSync } from "node:fs";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";

import { openListener } from "./listener.ts";

for (const address of ["127.0.0.1", "127.1.2.3", "::1"]) {
  test(`a listener on ${address} is reachable there`, async () => {
    const listener = openListener(address, 0);
    assert.ok(listener.port > 0);
    const server = createServer((socket) => socket.end("here"));
    server.listen({ fd: listener.fd });
    const client = connect({ host: address, port: listener.port });
    const [data] = (await once(client, "data")) as [Buffer];
    assert.equal(data.toString(), "here");
    client.destroy();
    server.close();
  });
}

test("connections made while nobody accepts wait for whoever comes", async () => {
  const listener = openListener("127.0.0.1", 0);
  const client = connect({ host: "127.0.0.1", port: listener.port });
  await once(client, "connect");
  const server = createServer((socket) => socket.end("late"));
  server.listen({ fd: listener.fd });
  const [data] = (await once(client, "data")) as [Buffer];
  assert.equal(data.toString(), "late");
  server.close();
});

const refusals = [
  { what: "a name", address: "localhost", port: 80, code: "invalid-argument" },
  { what: "an address of another machine", address: "192.0.2.1", port: 0, code: "internal" },
] as const;
for (const { what, address, port, code } of refusals) {
  test(`${what} is refused with the endpoint in the message`, () => {
    assert.throws(() => openListener(address, port), { code, message: new RegExp(address, "u") });
  });
}

test("a port in use is a failed precondition", () => {
  const first = openListener("127.0.0.1", 0);
  assert.throws(() => openListener("127.0.0.1", first.port), { code: "failed-precondition" });
  closeSync(first.fd);
});
