import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "node:test";

import { guestSocketsMax, ipv4, ipv6, NetworkGuest, portOf } from "./network-guest.ts";

const types = "sockets/types@0.3.2#";
const tcp = `${types}[method]tcp-socket.`;
const udp = `${types}[method]udp-socket.`;
const lookUp = "sockets/ip-name-lookup@0.3.2#resolve-addresses";
const ok = { tag: "ok" };
const failed = (tag: string, value?: string) => ({ tag: "err", value: value === undefined ? { tag } : { tag, value } });

/** How the host gives a stream: asked for so many elements, it may have none yet. */
interface StreamSource {
  read(elementsMax: number): Uint8Array | readonly unknown[] | "ended" | undefined;
  onReadable(callback: () => void): unknown;
  close(): void;
}

/** How the host answers a call of async type that waits. */
interface CancellableAnswer {
  readonly answer: Promise<unknown>;
  cancel(): void;
}

function create(guest: NetworkGuest, of: "tcp" | "udp", family = "ipv4"): Promise<unknown> {
  return guest.value(`${types}[static]${of}-socket.create`, family);
}

/** What a call of async type comes to. */
async function answerTo(guest: NetworkGuest, name: string, ...parameters: readonly unknown[]): Promise<unknown> {
  const answer = await guest.call(name, ...parameters);
  return isCancellable(answer) ? answer.answer : answer;
}

function isCancellable(answer: unknown): answer is CancellableAnswer {
  return typeof answer === "object" && answer !== null && "cancel" in answer;
}

/** The next piece of a stream; waits where there is nothing yet, as the engine does for a guest. */
async function read(stream: StreamSource, elementsMax = 65_536): Promise<ReturnType<StreamSource["read"]>> {
  for (;;) {
    const piece = stream.read(elementsMax);
    if (piece !== undefined) return piece;
    await new Promise<void>((resolve) => void stream.onReadable(resolve));
  }
}

async function listen(guest: NetworkGuest, socket: unknown): Promise<StreamSource> {
  return (await guest.value(`${tcp}listen`, socket)) as StreamSource;
}

async function receive(guest: NetworkGuest, socket: unknown) {
  const [stream, outcome] = (await guest.call(`${tcp}receive`, socket)) as [StreamSource, { future: Promise<unknown> }];
  return { stream, outcome: outcome.future };
}

/** A socket that listens, its port and its connections. */
async function serve(guest: NetworkGuest) {
  const socket = await create(guest, "tcp");
  await guest.value(`${tcp}bind`, socket, ipv4("127.0.0.1", 0));
  const connections = await listen(guest, socket);
  const port = portOf(await guest.value(`${tcp}get-local-address`, socket));
  return { socket, connections, port };
}

async function acceptOne(connections: StreamSource): Promise<unknown> {
  const accepted = await read(connections, 1);
  assert.ok(Array.isArray(accepted));
  return accepted[0];
}

test("connections come by a stream, which goes on without the socket's handle", async () => {
  using guest = new NetworkGuest({ binds: ["127.0.0.1:0"] });
  const { socket, connections, port } = await serve(guest);
  assert.equal(connections.read(9), undefined);
  await guest.check(true, `${tcp}get-is-listening`, socket);
  await guest.check(failed("invalid-state"), `${tcp}listen`, socket);
  guest.drop(`${types}tcp-socket`, socket);
  const client = connect({ host: "127.0.0.1", port });
  const accepted = await acceptOne(connections);
  const remote = portOf(await guest.value(`${tcp}get-remote-address`, accepted));
  assert.equal(remote, (client.address() as AddressInfo).port);
  connections.close();
  const { stream, outcome } = await receive(guest, accepted);
  guest.drop(`${types}tcp-socket`, accepted);
  client.end("late");
  assert.deepEqual(await read(stream), Buffer.from("late"));
  assert.equal(await read(stream), "ended");
  stream.close();
  assert.deepEqual(await outcome, ok);
  await once(client, "close");
  await assert.rejects(once(connect({ host: "127.0.0.1", port }), "connect"), { code: "ECONNREFUSED" });
});

test("a connection that the guest has no descriptor for is closed, and the others come", async () => {
  using guest = new NetworkGuest({ binds: ["127.0.0.1:0"] });
  const { connections, port } = await serve(guest);
  const held = [];
  for (let count = 1; count < guestSocketsMax; count++) held.push(await create(guest, "tcp"));
  await guest.check(failed("other", "new-socket-limit"), `${types}[static]tcp-socket.create`, "ipv4");
  const lost = connect({ host: "127.0.0.1", port });
  await once(lost, "connect");
  const next = acceptOne(connections);
  await once(lost.resume(), "close");
  guest.drop(`${types}tcp-socket`, held[0]);
  const client = connect({ host: "127.0.0.1", port });
  assert.ok(await next);
  client.destroy();
});

test("each half is taken once, and only of a connection", async () => {
  using guest = new NetworkGuest({ binds: ["127.0.0.1:0"] });
  const { socket, connections, port } = await serve(guest);
  assert.deepEqual(await (await receive(guest, socket)).outcome, failed("invalid-state"));
  const client = connect({ host: "127.0.0.1", port });
  const accepted = await acceptOne(connections);
  const first = await receive(guest, accepted);
  const second = await receive(guest, accepted);
  assert.equal(await read(second.stream), "ended");
  assert.deepEqual(await second.outcome, failed("invalid-state"));
  first.stream.close();
  assert.deepEqual(await first.outcome, ok);
  client.destroy();
});

test("a peer that resets is told by the future beside the stream", async () => {
  using guest = new NetworkGuest({ binds: ["127.0.0.1:0"] });
  const { connections, port } = await serve(guest);
  const client = connect({ host: "127.0.0.1", port });
  await once(client, "connect");
  const accepted = await acceptOne(connections);
  const { stream, outcome } = await receive(guest, accepted);
  client.resetAndDestroy();
  assert.equal(await read(stream), "ended");
  assert.deepEqual(await outcome, failed("connection-reset"));
});

test("a guest connects where a rule allows it, once", async () => {
  const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  using guest = new NetworkGuest({ outbound: [`127.0.0.1:${port}`] });
  const socket = await create(guest, "tcp");
  assert.deepEqual(await answerTo(guest, `${tcp}connect`, socket, ipv4("127.0.0.1", port)), ok);
  const { stream } = await receive(guest, socket);
  assert.deepEqual(await read(stream), Buffer.from("hello"));
  stream.close();
  assert.deepEqual(await answerTo(guest, `${tcp}connect`, socket, ipv4("127.0.0.1", port)), failed("invalid-state"));
  const wrong = await create(guest, "tcp");
  const target = ipv6([0, 0, 0, 0, 0, 0, 0, 1], port);
  assert.deepEqual(await answerTo(guest, `${tcp}connect`, wrong, target), failed("invalid-argument"));
  guest.drop(`${types}tcp-socket`, socket);
  server.close();
  await once(server, "close");
  assert.deepEqual(
    await answerTo(guest, `${tcp}connect`, wrong, ipv4("127.0.0.1", port)),
    failed("connection-refused"),
  );
});

test("a connection that is no longer wanted is given up, and its socket with it", async () => {
  using guest = new NetworkGuest({ outbound: ["192.0.2.1"] });
  const socket = await create(guest, "tcp");
  // Reserved for documentation: nothing answers, and nothing refuses.
  const target = ipv4("192.0.2.1", 9);
  const connecting = await guest.call(`${tcp}connect`, socket, target);
  assert.ok(isCancellable(connecting));
  assert.deepEqual(await answerTo(guest, `${tcp}connect`, socket, target), failed("invalid-state"));
  connecting.cancel();
  assert.equal(((await connecting.answer) as { readonly tag: string }).tag, "err");
  assert.deepEqual(await answerTo(guest, `${tcp}connect`, socket, target), failed("invalid-state"));
  await guest.check(failed("invalid-state"), `${tcp}get-local-address`, socket);
});

test("a guest without rules is denied everything and ends by nothing of it", async () => {
  using guest = new NetworkGuest();
  const [stream, datagrams] = [await create(guest, "tcp"), await create(guest, "udp")];
  const denied = failed("access-denied");
  const target = ipv4("127.0.0.1", 80);
  await guest.check(denied, `${tcp}bind`, stream, ipv4("0.0.0.0", 0));
  await guest.check(denied, `${tcp}listen`, stream);
  assert.deepEqual(await answerTo(guest, `${tcp}connect`, stream, target), denied);
  await guest.check(denied, `${udp}bind`, datagrams, ipv4("0.0.0.0", 0));
  await guest.check(denied, `${udp}connect`, datagrams, target);
  await guest.check(denied, `${udp}send`, datagrams, Buffer.from("x"), target);
  assert.deepEqual(await answerTo(guest, lookUp, "localhost"), denied);
});

test("what could not be bound is tried anew, and listens on a port of the system's choice where it is not", async () => {
  using guest = new NetworkGuest({ binds: ["*:*"] });
  const { port } = await serve(guest);
  const socket = await create(guest, "tcp");
  await guest.check(failed("address-in-use"), `${tcp}bind`, socket, ipv4("127.0.0.1", port));
  await guest.check(failed("invalid-argument"), `${tcp}bind`, socket, ipv4("224.0.0.1", 0));
  await guest.check(ok, `${tcp}bind`, socket, ipv4("127.0.0.1", 0));
  await guest.check(failed("invalid-state"), `${tcp}bind`, socket, ipv4("127.0.0.1", 0));
  const unbound = await create(guest, "tcp");
  await guest.check(failed("invalid-state"), `${tcp}get-local-address`, unbound);
  (await listen(guest, unbound)).close();
  assert.ok(portOf(await guest.value(`${tcp}get-local-address`, unbound)) > 0);
  const datagrams = [await create(guest, "udp"), await create(guest, "udp")];
  await guest.check(ok, `${udp}bind`, datagrams[0], ipv4("127.0.0.1", 0));
  const taken = await guest.value(`${udp}get-local-address`, datagrams[0]);
  await guest.check(failed("address-in-use"), `${udp}bind`, datagrams[1], taken);
  await guest.check(ok, `${udp}bind`, datagrams[1], ipv4("127.0.0.1", 0));
});

test("datagrams are sent from a port of the system's choice, and received one by one", async () => {
  const peer = createSocket("udp4").bind(0, "127.0.0.1");
  await once(peer, "listening");
  const { port } = peer.address();
  using guest = new NetworkGuest({ outbound: [`udp://127.0.0.1:${port}`] });
  const socket = await create(guest, "udp");
  await guest.check(failed("invalid-state"), `${udp}receive`, socket);
  await guest.check(failed("invalid-argument"), `${udp}send`, socket, Buffer.from("x"), undefined);
  await guest.check(failed("datagram-too-large"), `${udp}send`, socket, Buffer.alloc(65_536), ipv4("127.0.0.1", port));
  const arrived = once(peer, "message") as Promise<[Buffer, AddressInfo]>;
  const sent = ["a", "b"].map((one) => guest.call(`${udp}send`, socket, Buffer.from(one), ipv4("127.0.0.1", port)));
  assert.deepEqual(await Promise.all(sent), [ok, ok]);
  const [, { port: from }] = await arrived;
  assert.equal(from, portOf(await guest.value(`${udp}get-local-address`, socket)));

  const given = await guest.call(`${udp}receive`, socket);
  assert.ok(isCancellable(given));
  given.cancel();
  await given.answer;
  const wanted = answerTo(guest, `${udp}receive`, socket);
  peer.send("one", from, "127.0.0.1");
  peer.send("two", from, "127.0.0.1");
  const remote = ipv4("127.0.0.1", port);
  assert.deepEqual(await wanted, { tag: "ok", value: [Buffer.from("one"), remote] });
  assert.deepEqual(await answerTo(guest, `${udp}receive`, socket), { tag: "ok", value: [Buffer.from("two"), remote] });
  peer.close();
});

test("a socket for datagrams that has one peer knows from where it sends there, until it has none", async () => {
  const peer = createSocket("udp4").bind(0, "127.0.0.1");
  await once(peer, "listening");
  const remote = ipv4("127.0.0.1", peer.address().port);
  using guest = new NetworkGuest({ outbound: ["127.0.0.1"] });
  const socket = await create(guest, "udp");
  await guest.check(failed("invalid-state"), `${udp}disconnect`, socket);
  await guest.check(failed("invalid-argument"), `${udp}connect`, socket, ipv4("127.0.0.1", 0));
  await guest.check(ok, `${udp}connect`, socket, remote);
  await guest.check({ tag: "ok", value: remote }, `${udp}get-remote-address`, socket);
  const local = await guest.value(`${udp}get-local-address`, socket);
  assert.deepEqual(local, ipv4("127.0.0.1", portOf(local)));
  const arrived = once(peer, "message");
  await guest.check(ok, `${udp}send`, socket, Buffer.from("x"), undefined);
  await arrived;
  await guest.check(failed("invalid-argument"), `${udp}send`, socket, Buffer.from("x"), ipv4("127.0.0.1", 1));
  await guest.check(ok, `${udp}disconnect`, socket);
  await guest.check({ tag: "ok", value: ipv4("0.0.0.0", portOf(local)) }, `${udp}get-local-address`, socket);
  await guest.check(failed("invalid-state"), `${udp}get-remote-address`, socket);
  peer.close();
});

test("options are read and set as with 0.2, under their names of 0.3", async () => {
  using guest = new NetworkGuest();
  const [stream, datagrams] = [await create(guest, "tcp"), await create(guest, "udp", "ipv6")];
  await guest.check("ipv6", `${udp}get-address-family`, datagrams);
  await guest.check(ok, `${tcp}set-hop-limit`, stream, 17);
  await guest.check({ tag: "ok", value: 17 }, `${tcp}get-hop-limit`, stream);
  await guest.check(failed("invalid-argument"), `${tcp}set-keep-alive-count`, stream, 0);
  await guest.check(failed("invalid-argument"), `${tcp}set-listen-backlog-size`, stream, 0n);
  await guest.check(failed("invalid-argument"), `${udp}set-send-buffer-size`, datagrams, 0n);
});

test("names are looked up where a rule names them, and what is no name is told from what has no address", async () => {
  using guest = new NetworkGuest({ outbound: ["a.test", "b.test"], hosts: "127.0.0.1 a.test\n" });
  const value = [{ tag: "ipv4", value: [127, 0, 0, 1] }];
  assert.deepEqual(await answerTo(guest, lookUp, "A.test"), { tag: "ok", value });
  assert.deepEqual(await answerTo(guest, lookUp, "127.0.0.1"), { tag: "ok", value });
  assert.deepEqual(await answerTo(guest, lookUp, "c.test"), failed("access-denied"));
  assert.deepEqual(await answerTo(guest, lookUp, "no name"), failed("invalid-argument"));
});
