import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { HostError } from "./host-error.ts";
import { Interrupt } from "./interrupt.ts";
import {
  acceptQueueMax,
  type Connection,
  type Lingering,
  type Listener,
  listenerFromServer,
  listenerServerOptions,
  SocketConnection,
} from "./listener.ts";

interface Served extends AsyncDisposable {
  readonly listener: Listener;
  /** Connects a client and waits until it is connected. */
  connect(): Promise<Socket>;
}

async function serve(): Promise<Served> {
  const server = createServer(listenerServerOptions);
  const listener = listenerFromServer(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const clients: Socket[] = [];
  return {
    listener,
    async connect() {
      const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      clients.push(client);
      await once(client, "connect");
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      listener.close();
      if (server.listening) await once(server, "close");
    },
  };
}

async function acceptNext(listener: Listener): Promise<Connection> {
  await new Interrupt().whenAnyReady([listener.acceptable]);
  const connection = listener.accept();
  assert.ok(connection);
  return connection;
}

async function readAll(connection: Connection): Promise<string> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    await new Interrupt().whenAnyReady([connection.input.readable]);
    const chunk = connection.input.read(4_096);
    if (chunk === "ended") return Buffer.concat(chunks).toString();
    if (chunk !== undefined) chunks.push(chunk);
  }
}

test("accepts connections in the order they came", async () => {
  await using served = await serve();
  assert.equal(served.listener.accept(), undefined);
  const clients = [await served.connect(), await served.connect()];
  clients.forEach((client, index) => client.end(`client ${index}`));
  for (const index of [0, 1]) {
    const connection = await acceptNext(served.listener);
    assert.equal(await readAll(connection), `client ${index}`);
    connection.close();
  }
});

test("answers on a connection whose peer has ended its half", async () => {
  await using served = await serve();
  const client = await served.connect();
  client.end("question");
  const connection = await acceptNext(served.listener);
  assert.equal(await readAll(connection), "question");
  connection.output.write(Buffer.from("answer"));
  connection.close();
  const [answer] = (await once(client, "data")) as [Buffer];
  assert.equal(answer.toString(), "answer");
  await once(client, "end");
});

test("shuts one half down and keeps the other", async () => {
  await using served = await serve();
  const client = await served.connect();
  const connection = await acceptNext(served.listener);
  connection.output.write(Buffer.from("all"));
  connection.shutdown({ read: false, write: true });
  assert.throws(() => connection.output.capacity(), HostError);
  client.resume();
  await once(client, "end");
  client.end("still heard");
  assert.equal(await readAll(connection), "still heard");
  connection.close();
});

test("shows the end to a guest that shut its reading half down, and still sends", async () => {
  await using served = await serve();
  const client = await served.connect();
  const connection = await acceptNext(served.listener);
  connection.shutdown({ read: true, write: false });
  assert.equal(connection.input.read(1), "ended");
  connection.output.write(Buffer.from("sent"));
  const [sent] = (await once(client, "data")) as [Buffer];
  assert.equal(sent.toString(), "sent");
  connection.close();
});

test("tells a guest that its peer reset the connection, also while it waited to be accepted", async () => {
  await using served = await serve();
  const client = await served.connect();
  const connection = await acceptNext(served.listener);
  const wait = readAll(connection);
  client.resetAndDestroy();
  await assert.rejects(wait, (thrown) => thrown instanceof HostError && thrown.code === "connection-reset");
  connection.close();

  (await served.connect()).resetAndDestroy();
  const late = await acceptNext(served.listener);
  await assert.rejects(readAll(late), (thrown) => thrown instanceof HostError && thrown.code === "connection-reset");
  late.close();
});

test("holds a bounded number of connections and resets those beyond", async () => {
  await using served = await serve();
  for (let index = 0; index < acceptQueueMax; index += 1) await served.connect();
  const connectOneMore = async (): Promise<void> => {
    const [error] = (await once(await served.connect(), "error")) as [Error];
    throw error;
  };
  await assert.rejects(connectOneMore, { code: "ECONNRESET" });
  (await acceptNext(served.listener)).close();
  const next = await served.connect();
  assert.equal(next.destroyed, false);
});

test("resets what waits when it is closed, and is closed twice without harm", async () => {
  await using served = await serve();
  const client = await served.connect();
  const wait = new Interrupt().whenAnyReady([served.listener.acceptable]);
  await wait;
  served.listener.close();
  served.listener.close();
  await once(client, "error");
  assert.throws(() => served.listener.accept(), HostError);
});

test("a closed connection whose client does not read is cut off where too many of them linger already", async () => {
  const lingering: Lingering = { max: 1, count: 0 };
  const closed: Promise<unknown>[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    closed.push(once(socket, "close"));
    const connection = new SocketConnection(socket, lingering);
    // More than the kernel takes for a client that does not read, so that the rest stays with us.
    while (connection.output.capacity() > 0) connection.output.write(new Uint8Array(connection.output.capacity()));
    connection.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const patient = connect({ port, host: "127.0.0.1" }).pause();
  await once(patient, "connect");
  while (lingering.count === 0) await once(server, "connection");
  const cutOff = connect({ port, host: "127.0.0.1" });
  const [error] = (await once(cutOff, "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNRESET");
  assert.equal(lingering.count, 1);
  patient.resume();
  await Promise.all(closed);
  assert.equal(lingering.count, 0);
  server.close();
});
