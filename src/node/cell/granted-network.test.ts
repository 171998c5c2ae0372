import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";

import { listenerFromFd } from "#engine";

import { openListener } from "../syscall/listener.ts";
import { guestSocketsMax, ipv4, ipv6, NetworkGuest, portOf } from "./network-guest.ts";

const tcp = "sockets/tcp#[method]tcp-socket.";
const udp = "sockets/udp#[method]udp-socket.";
const incoming = "sockets/udp#[method]incoming-datagram-stream.";
const outgoing = "sockets/udp#[method]outgoing-datagram-stream.";

/** A server of this machine that answers "echo" and what it got. */
async function serveEcho(host = "127.0.0.1"): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined);
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("end", () => socket.end(`echo ${text}`));
  }).listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

/** A client of what a guest serves: sends a text, ends, and answers with all that came back. */
async function ask(port: number, text: string): Promise<string> {
  const client = connect({ host: "127.0.0.1", port });
  client.end(text);
  let answer = "";
  for await (const chunk of client) answer += String(chunk);
  return answer;
}

/** Answers one client with what it sent. */
async function serveOne(guest: NetworkGuest, listening: unknown): Promise<void> {
  await guest.block(await guest.call(`${tcp}subscribe`, listening));
  const [socket, input, output] = await guest.values(`${tcp}accept`, listening);
  await guest.write(output, `served ${await guest.readAll(input)}`);
  await guest.value(`${tcp}shutdown`, socket, "both");
}

test("a guest connects where a rule allows it, and talks both ways", async () => {
  await using server = await serveEcho();
  using guest = new NetworkGuest({ outbound: [`127.0.0.1:${server.port}`] });
  const socket = await guest.tcp();
  const streams = await guest.finish("tcp", "connect", socket, ipv4("127.0.0.1", server.port));
  assert.ok(Array.isArray(streams), String(streams));
  await guest.check({ tag: "ok", value: ipv4("127.0.0.1", server.port) }, `${tcp}remote-address`, socket);
  const local = await guest.value(`${tcp}local-address`, socket);
  assert.deepEqual(local, ipv4("127.0.0.1", portOf(local)));
  await guest.write(streams[1], "hello");
  await guest.value(`${tcp}shutdown`, socket, "send");
  assert.equal(await guest.readAll(streams[0]), "echo hello");
});

test("a guest without rules is denied everything and ends by nothing of it", async () => {
  await using server = await serveEcho();
  using guest = new NetworkGuest();
  const target = ipv4("127.0.0.1", server.port);
  assert.equal(await guest.finish("tcp", "connect", await guest.tcp(), target), "access-denied");
  assert.equal(await guest.finish("tcp", "bind", await guest.tcp(), ipv4("0.0.0.0", 0)), "access-denied");
  assert.equal(await guest.finish("udp", "bind", await guest.udp(), ipv4("0.0.0.0", 0)), "access-denied");
  assert.equal(await guest.lookUp("localhost"), "access-denied");
});

test("other ports, addresses and the metadata of clouds are denied", async () => {
  await using server = await serveEcho();
  using guest = new NetworkGuest({ outbound: [`127.0.0.1:${server.port}`] });
  const denied = [ipv4("127.0.0.1", server.port + 1), ipv4("127.0.0.2", server.port), ipv4("169.254.169.254", 80)];
  for (const target of denied) {
    assert.equal(await guest.finish("tcp", "connect", await guest.tcp(), target), "access-denied");
  }
  using anywhere = new NetworkGuest({ outbound: ["*"] });
  for (const target of [ipv4("169.254.169.254", 80), ipv4("100.100.100.200", 80)]) {
    assert.equal(await anywhere.finish("tcp", "connect", await anywhere.tcp(), target), "access-denied");
  }
  const sixth = await anywhere.tcp("ipv6");
  assert.equal(
    await anywhere.finish("tcp", "connect", sixth, ipv6([0xfe80, 0, 0, 0, 0, 0, 0, 1], 80)),
    "access-denied",
  );
});

test("a connection that is refused says so, and its socket is good for nothing more", async () => {
  const server = await serveEcho();
  await server[Symbol.asyncDispose]();
  using guest = new NetworkGuest({ outbound: ["127.0.0.1"] });
  const socket = await guest.tcp();
  const target = ipv4("127.0.0.1", server.port);
  assert.equal(await guest.finish("tcp", "connect", socket, target), "connection-refused");
  assert.equal(await guest.finish("tcp", "connect", socket, target), "invalid-state");
});

test("a peer that resets at once harms nobody but its connection", async () => {
  const server = createServer((socket) => socket.resetAndDestroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  using guest = new NetworkGuest({ outbound: ["127.0.0.1"] });
  const closed = once(server, "close");
  const streams = await guest.finish("tcp", "connect", await guest.tcp(), ipv4("127.0.0.1", port));
  server.close();
  await closed;
  // Whether the reset comes before the guest has its streams or after is the machine's to say.
  if (Array.isArray(streams)) assert.equal(await guest.readAll(streams[0]), "");
  else assert.equal(streams, "connection-reset");
});

test("what the host connects for a guest goes the same way, by the same rules", async () => {
  await using server = await serveEcho();
  const { port } = server;
  using guest = new NetworkGuest({ outbound: [`http://localhost:${port}`], hosts: "127.0.0.1 other.test\n" });
  const never = new AbortController().signal;
  const socket = await guest.network.connect({ scheme: "http", host: "localhost", port }, never);
  socket.end("hi");
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  assert.equal(answer, "echo hi");
  for (const target of [
    { scheme: "https", host: "localhost", port },
    { scheme: "tcp", host: "localhost", port },
    { scheme: "http", host: "other.test", port },
  ]) {
    await assert.rejects(guest.network.connect(target, never), { code: "access" });
  }
});

test("addresses that no socket of the family can use are no arguments", async () => {
  using guest = new NetworkGuest({ outbound: ["*"], binds: ["*:*"] });
  const wrong = [ipv4("0.0.0.0", 80), ipv4("127.0.0.1", 0), ipv4("224.0.0.1", 80), ipv6([0, 0, 0, 0, 0, 0, 0, 1], 80)];
  const socket = await guest.tcp();
  for (const target of wrong) assert.equal(await guest.finish("tcp", "connect", socket, target), "invalid-argument");
  assert.equal(await guest.finish("tcp", "bind", socket, ipv4("224.0.0.1", 0)), "invalid-argument");
  const mapped = ipv6([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1], 80);
  assert.equal(await guest.finish("tcp", "connect", await guest.tcp("ipv6"), mapped), "invalid-argument");
});

test("calls in the wrong state are told from those that are under way", async () => {
  using guest = new NetworkGuest({ binds: ["127.0.0.1:0"] });
  const socket = await guest.tcp();
  await guest.check({ tag: "err", value: "not-in-progress" }, `${tcp}finish-bind`, socket);
  await guest.check({ tag: "err", value: "invalid-state" }, `${tcp}start-listen`, socket);
  await guest.check({ tag: "err", value: "invalid-state" }, `${tcp}accept`, socket);
  await guest.check({ tag: "err", value: "invalid-state" }, `${tcp}local-address`, socket);
  await guest.check({ tag: "err", value: "invalid-state" }, `${tcp}shutdown`, socket, "both");
  await guest.value(`${tcp}start-bind`, socket, {}, ipv4("127.0.0.1", 0));
  await guest.check({ tag: "err", value: "would-block" }, `${tcp}finish-bind`, socket);
  await guest.check({ tag: "err", value: "not-in-progress" }, `${tcp}finish-connect`, socket);
  await guest.check({ tag: "err", value: "concurrency-conflict" }, `${tcp}start-listen`, socket);
  await guest.block(await guest.call(`${tcp}subscribe`, socket));
  await guest.value(`${tcp}finish-bind`, socket);
  assert.equal(await guest.finish("tcp", "bind", socket, ipv4("127.0.0.1", 0)), "invalid-state");
  assert.equal(await guest.finish("tcp", "listen", socket), undefined);
  await guest.check({ tag: "err", value: "would-block" }, `${tcp}accept`, socket);
});

test("a guest serves on a port that it may bind, one client after the other", async () => {
  using guest = new NetworkGuest({ binds: ["127.0.0.1:0"] });
  const socket = await guest.tcp();
  await guest.value(`${tcp}set-listen-backlog-size`, socket, 16n);
  assert.equal(await guest.finish("tcp", "bind", socket, ipv4("127.0.0.1", 0)), undefined);
  assert.equal(await guest.finish("tcp", "listen", socket), undefined);
  await guest.check(true, `${tcp}is-listening`, socket);
  const port = portOf(await guest.value(`${tcp}local-address`, socket));
  for (const text of ["a", "b"]) {
    const [answer] = await Promise.all([ask(port, text), serveOne(guest, socket)]);
    assert.equal(answer, `served ${text}`);
  }
});

test("a port is bound by rule only, and who may only connect may have one to connect from", async () => {
  await using server = await serveEcho();
  using guest = new NetworkGuest({ outbound: ["127.0.0.1"] });
  assert.equal(await guest.finish("tcp", "bind", await guest.tcp(), ipv4("127.0.0.1", 18_080)), "access-denied");
  const socket = await guest.tcp();
  assert.equal(await guest.finish("tcp", "bind", socket, ipv4("0.0.0.0", 0)), undefined);
  assert.equal(await guest.finish("tcp", "listen", socket), "access-denied");
  const streams = await guest.finish("tcp", "connect", socket, ipv4("127.0.0.1", server.port));
  assert.ok(Array.isArray(streams), String(streams));
  using other = new NetworkGuest({ binds: ["*:*"] });
  assert.equal(await other.finish("tcp", "bind", await other.tcp(), ipv4("127.0.0.1", server.port)), "address-in-use");
  assert.equal(await other.finish("tcp", "bind", await other.tcp(), ipv4("192.0.2.1", 0)), "address-not-bindable");
});

test("a guest that binds where a socket was handed in gets that one, again and again", async () => {
  const { fd, port } = openListener({ address: "127.0.0.1", port: 0 });
  using guest = new NetworkGuest({}, { listeners: [listenerFromFd(fd)] });
  const socket = await guest.tcp();
  assert.equal(await guest.finish("tcp", "bind", socket, ipv4("0.0.0.0", port)), undefined);
  assert.equal(await guest.finish("tcp", "bind", await guest.tcp(), ipv4("0.0.0.0", port)), "access-denied");
  assert.equal(await guest.finish("tcp", "listen", socket), undefined);
  const [answer] = await Promise.all([ask(port, "x"), serveOne(guest, socket)]);
  assert.equal(answer, "served x");
});

test("options are what the kernel has, also those chosen before there was a socket", async () => {
  await using server = await serveEcho();
  using guest = new NetworkGuest({ outbound: ["127.0.0.1"] });
  const socket = await guest.tcp();
  const second = 1_000_000_000n;
  const options: readonly (readonly [string, unknown, unknown])[] = [
    ["keep-alive-enabled", true, false],
    ["keep-alive-idle-time", 42n * second, 0n],
    ["keep-alive-interval", 7n * second, 0n],
    ["keep-alive-count", 3, 0],
    ["hop-limit", 17, 0],
    ["receive-buffer-size", 65_536n, 0n],
    ["send-buffer-size", 65_536n, 0n],
  ];
  for (const [name, value] of options) await guest.value(`${tcp}set-${name}`, socket, value);
  for (const [name, value] of options) await guest.check({ tag: "ok", value }, `${tcp}${name}`, socket);
  await guest.finish("tcp", "connect", socket, ipv4("127.0.0.1", server.port));
  for (const [name, value] of options) await guest.check({ tag: "ok", value }, `${tcp}${name}`, socket);
  for (const [name, , nothing] of options.slice(1)) {
    await guest.check({ tag: "err", value: "invalid-argument" }, `${tcp}set-${name}`, socket, nothing);
  }
  await guest.value(`${tcp}set-keep-alive-idle-time`, socket, 1n);
  await guest.check({ tag: "ok", value: second }, `${tcp}keep-alive-idle-time`, socket);
});

test("a guest has so many sockets and no more, and gets back what it closes", async () => {
  using guest = new NetworkGuest();
  for (let count = 0; count < guestSocketsMax; count++) await guest.tcp();
  const create = "sockets/tcp-create-socket#create-tcp-socket";
  await guest.check({ tag: "err", value: "new-socket-limit" }, create, "ipv4");
});

test("datagrams go where a rule allows and come from there", async () => {
  const server = createSocket("udp4");
  server.on("message", (bytes, { port, address }) => server.send(`re ${bytes.toString()}`, port, address));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  using guest = new NetworkGuest({ outbound: [`udp://127.0.0.1:${port}`] });
  const socket = await guest.udp();
  assert.equal(await guest.finish("udp", "bind", socket, ipv4("0.0.0.0", 0)), undefined);
  const [receiving, sending] = await guest.values(`${udp}stream`, socket, undefined);
  const one = { data: Buffer.from("hi"), "remote-address": ipv4("127.0.0.1", port) };
  await assert.rejects(guest.call(`${outgoing}send`, sending, [one]), /ask check-send first/u);
  assert.ok(Number(await guest.value(`${outgoing}check-send`, sending)) > 1);
  await guest.check({ tag: "ok", value: 1n }, `${outgoing}send`, sending, [one]);
  await guest.block(await guest.call(`${incoming}subscribe`, receiving));
  const [answer] = await guest.values(`${incoming}receive`, receiving, 8n);
  assert.deepEqual(answer, { data: Buffer.from("re hi"), "remote-address": ipv4("127.0.0.1", port) });
  const elsewhere = { ...one, "remote-address": ipv4("127.0.0.1", port === 1 ? 2 : 1) };
  await guest.check({ tag: "err", value: "access-denied" }, `${outgoing}send`, sending, [elsewhere]);
  const nowhere = { data: Buffer.from("x") };
  await guest.check({ tag: "err", value: "invalid-argument" }, `${outgoing}send`, sending, [nowhere]);
  const large = { ...one, data: Buffer.alloc(65_508) };
  await guest.check({ tag: "err", value: "datagram-too-large" }, `${outgoing}send`, sending, [large]);
  server.close();
});

test("datagrams of strangers reach only who may listen, and those are answered", async () => {
  using server = new NetworkGuest({ binds: ["127.0.0.1:0"] });
  using client = new NetworkGuest({ outbound: ["127.0.0.1:1"] });
  const stranger = createSocket("udp4");
  const ports: number[] = [];
  const streams: (readonly unknown[])[] = [];
  for (const guest of [server, client]) {
    const socket = await guest.udp();
    await guest.finish("udp", "bind", socket, guest === server ? ipv4("127.0.0.1", 0) : ipv4("0.0.0.0", 0));
    ports.push(portOf(await guest.value(`${udp}local-address`, socket)));
    streams.push(await guest.values(`${udp}stream`, socket, undefined));
  }
  // The client's comes first, so that it has been there when the server's is.
  for (const port of ports.toReversed()) stranger.send("x", port, "127.0.0.1");
  const [[serving, answering] = [], [hearing] = []] = streams;
  await server.block(await server.call(`${incoming}subscribe`, serving));
  const [datagram] = await server.values(`${incoming}receive`, serving, 1n);
  assert.equal((await client.values(`${incoming}receive`, hearing, 1n)).length, 0);
  await server.value(`${outgoing}check-send`, answering);
  const answered = once(stranger, "message");
  await server.check({ tag: "ok", value: 1n }, `${outgoing}send`, answering, [datagram]);
  assert.equal(String((await answered)[0]), "x");
  stranger.close();
});

test("a socket for datagrams that has one peer hears and tells no other", async () => {
  const [peer, other] = [createSocket("udp4"), createSocket("udp4")];
  for (const socket of [peer, other]) {
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
  }
  using guest = new NetworkGuest({ outbound: ["127.0.0.1"] });
  const socket = await guest.udp();
  await guest.finish("udp", "bind", socket, ipv4("0.0.0.0", 0));
  const port = portOf(await guest.value(`${udp}local-address`, socket));
  const [receiving, sending] = await guest.values(`${udp}stream`, socket, ipv4("127.0.0.1", peer.address().port));
  await guest.check({ tag: "ok", value: ipv4("127.0.0.1", peer.address().port) }, `${udp}remote-address`, socket);
  other.send("other", port, "127.0.0.1");
  peer.send("peer", port, "127.0.0.1");
  await guest.block(await guest.call(`${incoming}subscribe`, receiving));
  const [datagram] = await guest.values(`${incoming}receive`, receiving, 8n);
  assert.deepEqual((datagram as { readonly data: Buffer }).data, Buffer.from("peer"));
  await guest.value(`${outgoing}check-send`, sending);
  const away = { data: Buffer.from("x"), "remote-address": ipv4("127.0.0.1", other.address().port) };
  await guest.check({ tag: "err", value: "invalid-argument" }, `${outgoing}send`, sending, [away]);
  await guest.check({ tag: "ok", value: 1n }, `${outgoing}send`, sending, [{ data: Buffer.from("x") }]);
  peer.close();
  other.close();
});
