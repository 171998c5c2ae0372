import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";

import { ComponentOfTest } from "../../src/spin-host/interfaces/component-fixture.ts";
import { askUntil } from "../containerd/ask-until.ts";
import { mqttUser, startMqtt, subscriberCommand, subscriptionsOf } from "./mqtt-server.ts";

const mqtt = await startMqtt();
test.after(() => mqtt[Symbol.asyncDispose]());
const place = `127.0.0.1:${mqtt.port}`;

interface Failed {
  readonly value: { readonly tag: string; readonly value?: string };
}

function allowed(): ComponentOfTest {
  return new ComponentOfTest({ outbound: [`mqtt://${place}`] });
}

/** Hears so many messages of a topic, from when this resolves. */
async function listen(topic: string, count: number) {
  const before = subscriptionsOf(mqtt);
  const [command = "", ...words] = await subscriberCommand(mqtt, topic, count);
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "inherit"] });
  const said = text(child.stdout);
  await askUntil("a subscription", () => Promise.resolve(subscriptionsOf(mqtt) > before || undefined));
  return {
    messages: async () => [...(await said).matchAll(/<([^>]*)>/g)].map(([, message]) => message),
    [Symbol.dispose]: () => void child.kill(),
  };
}

for (const name of ["fermyon:spin/mqtt@2", "spin:mqtt/mqtt@3"]) {
  test(`${name} publishes with each kind of delivery`, async () => {
    const topic = `test/${name.replaceAll(/\W/g, "-")}`;
    using listener = await listen(topic, 3);
    using component = allowed();
    const { name: user, password } = mqttUser;
    const address = `mqtt://${place}?client_id=c${name.length}`;
    const connection = await component.value(`${name}#[static]connection.open`, address, user, password, 30n);
    for (const delivery of ["at-most-once", "at-least-once", "exactly-once"]) {
      const payload = new Uint8Array(Buffer.from(delivery));
      await component.check({ tag: "ok" }, `${name}#[method]connection.publish`, connection, topic, payload, delivery);
    }
    assert.deepEqual(await listener.messages(), ["at-most-once", "at-least-once", "exactly-once"]);
  });
}

test("who may not connect is told so when it opens, and who is not known when it publishes", async () => {
  using component = allowed();
  const name = "fermyon:spin/mqtt@2#";
  const open = (address: string, password: string = mqttUser.password) =>
    component.call(`${name}[static]connection.open`, address, mqttUser.name, password, 30n);
  const denied = "mqtt://example.com?client_id=c";
  const failure = { tag: "connection-failed", value: `address ${denied} is not permitted` };
  assert.deepEqual(await open(denied), { tag: "err", value: failure });
  assert.deepEqual(await open(`mqtt://${place}`), { tag: "err", value: { tag: "invalid-address" } });
  const opened = (await open(`mqtt://${place}?client_id=wrong`, "wrong")) as {
    readonly tag: string;
    readonly value: unknown;
  };
  assert.equal(opened.tag, "ok");
  const publish = `${name}[method]connection.publish`;
  const refused = (await component.call(publish, opened.value, "a", new Uint8Array(), "at-least-once")) as Failed;
  assert.deepEqual(refused.value, { tag: "connection-failed", value: "Connection refused, return code: 5" });
});

test("a connection that was lost is made anew, and a server that says nothing ends with its instance", async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    if (connections === 1) socket.end("nonsense");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  // A listening server has an address with a port.
  const { port } = server.address() as AddressInfo;
  using component = new ComponentOfTest({ outbound: [`mqtt://127.0.0.1:${port}`] });
  const name = "fermyon:spin/mqtt@2#";
  const address = `mqtt://127.0.0.1:${port}?client_id=c`;
  const connection = await component.value(`${name}[static]connection.open`, address, "", "", 30n);
  const publish = () =>
    component.call(`${name}[method]connection.publish`, connection, "a", new Uint8Array(), "at-most-once");
  assert.equal(((await publish()) as Failed).value.tag, "connection-failed");
  const left = publish();
  await once(server, "connection");
  component[Symbol.dispose]();
  assert.equal(((await left) as Failed).value.tag, "connection-failed");
  server.close();
});
