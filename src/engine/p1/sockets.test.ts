import assert from "node:assert/strict";
import { once } from "node:events";
import { createSocket as createDatagramSocket } from "node:dgram";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { receiveFrom } from "../host/datagram-socket.ts";
import { type Listener, listenerFromServer, listenerServerOptions } from "../host/listener.ts";
import { errno } from "./errno.ts";
import { fdflag } from "./layout.ts";
import { P1Caller } from "./p1-fixture.ts";

interface Port extends AsyncDisposable {
  readonly listener: Listener;
  connect(): Promise<Socket>;
}

async function openPort(): Promise<Port> {
  const server = createServer(listenerServerOptions);
  const listener = listenerFromServer(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    listener,
    async connect() {
      const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      await once(client, "connect");
      return client;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      if (server.listening) await once(server, "close");
    },
  };
}

const bufferAt = 4_096;

async function accept(guest: P1Caller, flags = 0): Promise<number> {
  const code = await guest.call("sock_accept", 3, flags, 0);
  return code === errno.success ? guest.view.getUint32(0, true) : -code;
}

/** Receives once and answers the text, or the errno. */
async function receive(
  guest: P1Caller,
  fd: number,
  options: { length?: number; flags?: number } = {},
): Promise<string | number> {
  guest.view.setUint32(1_024, bufferAt, true);
  guest.view.setUint32(1_028, options.length ?? 1_000, true);
  const code = await guest.call("sock_recv", fd, 1_024, 1, options.flags ?? 0, 0, 8);
  return code === errno.success ? guest.text(bufferAt, guest.view.getUint32(0, true)) : code;
}

async function send(guest: P1Caller, fd: number, text: string): Promise<number> {
  guest.put(bufferAt, Buffer.from(text));
  guest.view.setUint32(1_024, bufferAt, true);
  guest.view.setUint32(1_028, Buffer.byteLength(text), true);
  const code = await guest.call("sock_send", fd, 1_024, 1, 0, 0);
  return code === errno.success ? guest.view.getUint32(0, true) : -code;
}

async function readAll(client: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of client) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test("serves a client: accept, receive, send, shut down", async () => {
  await using port = await openPort();
  using guest = new P1Caller({ listeners: [port.listener] });
  const waiting = accept(guest);
  const client = await port.connect();
  const fd = await waiting;
  assert.equal(fd, 4);
  client.write("ping");
  assert.equal(await receive(guest, fd), "ping");
  assert.equal(await send(guest, fd, "pong"), 4);
  assert.equal(await guest.write(fd, "!"), 1);
  assert.equal(await guest.call("sock_shutdown", fd, 2), errno.success);
  assert.equal(await send(guest, fd, "x"), -errno.pipe);
  const answer = readAll(client);
  client.end();
  assert.equal(await answer, "pong!");
  assert.equal(await receive(guest, fd), "", "the client's end");
  assert.equal(await guest.call("fd_close", fd), errno.success);
});

test("a hundred guests wait in accept at once, and each answers its own client", async () => {
  const ports = await Promise.all(Array.from({ length: 100 }, openPort));
  const guests = ports.map((port) => new P1Caller({ listeners: [port.listener] }));
  const served = guests.map(async (guest) => {
    const fd = await accept(guest);
    for (let text = await receive(guest, fd); text !== ""; text = await receive(guest, fd)) {
      await send(guest, fd, String(text));
    }
    await guest.call("fd_close", fd);
    assert.equal(guest.budget.used, 4);
  });
  const answers = ports.map(async (port, index) => {
    const client = await port.connect();
    client.end(`guest ${index}`);
    return readAll(client);
  });
  assert.deepEqual(
    await Promise.all(answers),
    ports.map((_, index) => `guest ${index}`),
  );
  await Promise.all(served);
  for (const guest of guests) guest[Symbol.dispose]();
  for (const port of ports) await port[Symbol.asyncDispose]();
});

test("a listener comes behind the directories and is none, so that the search for them ends there", async () => {
  await using port = await openPort();
  using guest = new P1Caller({ listeners: [port.listener] });
  assert.equal(await guest.call("fd_prestat_get", 3, 0), errno.badDescriptor);
  await guest.call("fd_fdstat_get", 3, 0);
  assert.equal(guest.view.getUint8(0), 6, "a stream socket");
});

test("does not wait on a listener or connection that must not block", async () => {
  await using port = await openPort();
  using guest = new P1Caller({ listeners: [port.listener] });
  assert.equal(await guest.call("fd_fdstat_set_flags", 3, fdflag.nonblock), errno.success);
  assert.equal(await accept(guest), -errno.again);
  assert.equal(await guest.call("fd_fdstat_set_flags", 3, 0), errno.success);
  const client = await port.connect();
  const fd = await accept(guest, fdflag.nonblock);
  assert.equal(await receive(guest, fd), errno.again);
  client.destroy();
});

test("peeks without taking, and waits for all where asked to", async () => {
  await using port = await openPort();
  using guest = new P1Caller({ listeners: [port.listener] });
  const client = await port.connect();
  const fd = await accept(guest);
  client.write("abc");
  assert.equal(await receive(guest, fd, { length: 2, flags: 1 }), "ab");
  assert.equal(await receive(guest, fd, { length: 3, flags: 3 }), "abc");
  const all = receive(guest, fd, { length: 6, flags: 2 });
  client.write("de");
  await new Promise(setImmediate);
  client.write("f");
  assert.equal(await all, "abcdef");
  const rest = receive(guest, fd, { length: 10, flags: 2 });
  client.end("gh");
  assert.equal(await rest, "gh", "less at the end");
});

test("at the limit of descriptors a client waits for one to be closed", async () => {
  await using port = await openPort();
  using guest = new P1Caller({ listeners: [port.listener] });
  const clients = [await port.connect()];
  const first = await accept(guest);
  while (guest.budget.used < guest.budget.filesOpenMax) guest.budget.take();
  clients.push(await port.connect());
  assert.equal(await accept(guest), -errno.tooManyOpenFiles);
  await guest.call("fd_close", first);
  assert.equal(await accept(guest), first);
  for (const client of clients) client.destroy();
});

test("tells sockets, listeners and files apart", async () => {
  await using port = await openPort();
  using guest = new P1Caller({ listeners: [port.listener] });
  const client = await port.connect();
  const fd = await accept(guest);
  const check = async (expected: number, name: "sock_shutdown" | "sock_accept", ...values: number[]): Promise<void> =>
    assert.equal(await guest.call(name, ...values), expected);
  await check(errno.notSocket, "sock_shutdown", 1, 1);
  await check(errno.badDescriptor, "sock_shutdown", 9, 1);
  await check(errno.notConnected, "sock_shutdown", 3, 1);
  await check(errno.invalid, "sock_shutdown", fd, 0);
  await check(errno.invalid, "sock_shutdown", fd, 4);
  await check(errno.invalid, "sock_accept", fd, 0, 0);
  await check(errno.notSocket, "sock_accept", 0, 0, 0);
  await check(errno.invalid, "sock_accept", 3, 1, 0);
  assert.equal(await receive(guest, 0), errno.notSocket);
  assert.equal(await guest.read(3), errno.notConnected);
  client.destroy();
});

/** A guest with one socket for UDP, at number 3, and a client of it. */
async function openDatagrams(): Promise<{ guest: P1Caller; send: (...texts: string[]) => Promise<void> }> {
  const bound = createDatagramSocket("udp4");
  await new Promise<void>((resolve) => bound.bind(0, "127.0.0.1", resolve));
  const { port } = bound.address();
  const guest = new P1Caller({ listeners: [receiveFrom(bound)] });
  const client = createDatagramSocket("udp4");
  return {
    guest,
    async send(...texts) {
      for (const text of texts) {
        await new Promise<void>((resolve) => client.send(text, port, "127.0.0.1", () => resolve()));
      }
      client.close();
    },
  };
}

test("a guest receives datagrams one by one, cut where its buffer is too short and told so", async () => {
  const { guest, send: sendAll } = await openDatagrams();
  const waiting = receive(guest, 3);
  await sendAll("one", "", "longer", "three");
  assert.equal(await waiting, "one");
  assert.equal(await receive(guest, 3, { length: 3, flags: 1 }), "lon", "only looked at");
  assert.equal(await receive(guest, 3, { length: 3, flags: 2 }), "lon", "and waits for no more than one");
  assert.equal(guest.view.getUint16(8, true), 1, "cut");
  assert.equal(await receive(guest, 3, { length: 100 }), "three");
  assert.equal(guest.view.getUint16(8, true), 0);
  guest[Symbol.dispose]();
});

test("a socket for UDP is told apart from others, and nothing is sent on it", async () => {
  const { guest, send: sendNothing } = await openDatagrams();
  await guest.call("fd_fdstat_get", 3, 0);
  assert.equal(guest.view.getUint8(0), 5, "a datagram socket");
  assert.equal(await send(guest, 3, "x"), -errno.notConnected);
  assert.equal(await guest.write(3, "x"), -errno.notConnected);
  assert.equal(await accept(guest), -errno.notSupported);
  assert.equal(await guest.call("fd_fdstat_set_flags", 3, fdflag.nonblock), errno.success);
  assert.equal(await receive(guest, 3), errno.again);
  await sendNothing();
  guest[Symbol.dispose]();
});
