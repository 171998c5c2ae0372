import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { closeSync } from "node:fs";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { test } from "node:test";

import { openListener } from "./listener.ts";
import { runInNetworkNamespace } from "./network-namespace.ts";

for (const address of ["127.0.0.1", "127.1.2.3", "::1"]) {
  test(`a listener on ${address} is reachable there`, async () => {
    const listener = openListener({ address, port: 0 });
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
  const listener = openListener({ address: "127.0.0.1", port: 0 });
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
    assert.throws(() => openListener({ address, port }), { code, message: new RegExp(address, "u") });
  });
}

test("a listener on every address is reached by IPv4 and IPv6, also where there is no IPv6 address", async () => {
  const listener = openListener({ address: "*", port: 0 });
  const server = createServer((socket) => socket.end("here"));
  server.listen({ fd: listener.fd });
  for (const host of ["127.0.0.1", "::1"]) {
    const client = connect({ host, port: listener.port });
    const [data] = (await once(client, "data")) as [Buffer];
    assert.equal(data.toString(), "here");
    client.destroy();
  }
  server.close();
  const script = "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; ip link set lo up; echo ready; read -r end";
  const holder = spawn("unshare", ["--net", "sh", "-c", script]);
  await once(holder.stdout, "data");
  const networkPath = `/proc/${String(holder.pid)}/ns/net`;
  const inside = runInNetworkNamespace(networkPath, () => openListener({ address: "*", port: 0 }));
  const tell = `import("node:net").then(({ connect }) => connect(${String(inside.port)}, "127.0.0.1", () => process.exit(0)))`;
  execFileSync("nsenter", [`--net=${networkPath}`, process.execPath, "-e", tell]);
  closeSync(inside.fd);
  holder.stdin.end();
  await once(holder, "exit");
});

test("a socket for UDP receives what is sent to its port", async () => {
  const { fd, port, protocol } = openListener({ address: "*", port: 0, protocol: "udp" });
  assert.equal(protocol, "udp");
  const socket = createSocket("udp6");
  socket.bind({ fd });
  const client = createSocket("udp4");
  client.send("here", port, "127.0.0.1");
  const [datagram] = (await once(socket, "message")) as [Buffer];
  assert.equal(datagram.toString(), "here");
  client.close();
  socket.close();
});

test("a port of UDP in use is a failed precondition, and one of TCP is another", () => {
  const first = openListener({ address: "*", port: 0, protocol: "udp" });
  assert.throws(() => openListener(first), { code: "failed-precondition", message: /\[::\]:\d+ \(UDP\)/u });
  const second = openListener({ address: "*", port: first.port });
  closeSync(first.fd);
  closeSync(second.fd);
});

test("a port in use is a failed precondition", () => {
  const first = openListener({ address: "127.0.0.1", port: 0 });
  assert.throws(() => openListener(first), { code: "failed-precondition", message: /127\.0\.0\.1:\d+/u });
  closeSync(first.fd);
});
