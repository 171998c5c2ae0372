import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { silentLog } from "#base";
import {
  createInformer,
  createKubeClient,
  type KubeClient,
  type KubeObject,
  resourceTypes,
  runController,
  textAt,
  triggerOf,
} from "#kube";

import { startApiServer } from "./api-server.ts";
import { CutWire } from "./cut-wire.ts";
import { connectTo, recordLog, untilItems } from "./kube-fixture.ts";

const { configMap, node } = resourceTypes;

/** Objects of the tests, and none of those that the API server makes itself. */
const selection = { namespace: "default", labelSelector: "test" };

describe("an informer of a real API server", () => {
  test("goes on when the API server is killed and comes back", async () => {
    await using server = await startApiServer();
    using client = await connectTo(server);
    await using running = follow(client);
    await put(client, "before", "1");
    await untilItems(running.informer, isDataOf({ before: "1" }));
    await server.kill("SIGKILL");
    await server.start();
    using later = await connectTo(server);
    await put(later, "before", "2");
    await put(later, "after", "1");
    await untilItems(running.informer, isDataOf({ before: "2", after: "1" }));
  });

  test("lists again when the API server has forgotten where it was, and sees what was deleted meanwhile", async () => {
    await using server = await startApiServer();
    await using wire = await CutWire.to(Number(new URL(server.url).port));
    using direct = await connectTo(server);
    const connection = { ...direct.connection, server: new URL(`https://127.0.0.1:${wire.port}`) };
    using wired = createKubeClient({ connection });
    const { log, lines } = recordLog();
    await put(direct, "kept", "1");
    await put(direct, "lost", "1");
    await using running = follow(wired, log);
    await untilItems(running.informer, isDataOf({ kept: "1", lost: "1" }));
    wire.cut();
    await direct.delete(configMap, { name: "lost", namespace: "default" });
    await put(direct, "kept", "2");
    // An API server remembers changes since its own start only.
    await server.kill("SIGKILL");
    await server.start();
    using again = await connectTo(server);
    await put(again, "new", "1");
    wire.mend();
    await untilItems(running.informer, isDataOf({ kept: "2", new: "1" }));
    assert.ok(
      lines.some(({ code, reason }) => code === "failed-precondition" && reason === "gone"),
      JSON.stringify(lines),
    );
  });

  test("keeps what a transform leaves, and is silent about the rest", async () => {
    await using server = await startApiServer();
    using client = await connectTo(server);
    using informer = createInformer({
      client,
      type: node,
      log: silentLog,
      transform: colorOf,
      indexes: { color: (color) => [color] },
    });
    const stop = new AbortController();
    const running = informer.run(stop.signal);
    const changes: string[] = [];
    informer.onChange(({ kind, key, item }) => void changes.push(`${kind} ${key} ${item}`));
    await informer.whenSynced();
    await client.create(node, { metadata: { name: "a", labels: { color: "red" } } });
    await client.patch(node, { name: "a" }, { kind: "merge", body: { metadata: { annotations: { heartbeat: "1" } } } });
    await client.patch(node, { name: "a" }, { kind: "merge", body: { metadata: { labels: { color: "blue" } } } });
    await untilItems(informer, ([color]) => color === "blue");
    assert.deepEqual(changes, ["added a red", "updated a blue"]);
    assert.deepEqual([informer.byIndex("color", "red"), informer.byIndex("color", "blue")], [[], ["blue"]]);
    stop.abort();
    await running;
  });

  test("is not synced, and says why, while it may not list", async () => {
    await using server = await startApiServer();
    using guest = await connectTo(server, server.kubeconfigOf("guest", { user: "guest" }));
    const { promise, resolve } = Promise.withResolvers<string>();
    const { log } = recordLog((line) => resolve(String(line["error"])));
    await using running = follow(guest, log);
    assert.match(await promise, /^list configmaps: .*cannot list resource/);
    assert.equal(running.informer.hasSynced, false);
  });
});

describe("a controller on a real API server", () => {
  test("brings every object to where it should be, though others write and writes fail", async () => {
    await using server = await startApiServer();
    using client = await connectTo(server);
    await using running = follow(client);
    const { informer } = running;
    const names = Array.from({ length: 20 }, (_, index) => `object-${index}`);
    const failing = new Set(names);
    async function reconcile(key: string): Promise<undefined> {
      const object = informer.get(key);
      if (object === undefined || textAt(object, "data", "value") === "wanted") return;
      if (failing.delete(object.metadata.name)) throw new Error("the first attempt fails");
      await client.replace(configMap, { ...object, data: { value: "wanted" } });
    }
    const stop = new AbortController();
    const controller = { name: "test", triggers: [triggerOf(informer)], concurrency: 3, reconcile };
    const working = runController(controller, stop.signal, { log: silentLog });
    for (const name of names) await put(client, name, "other");
    for (const name of names.slice(0, 5)) await put(client, name, "changed");
    await untilItems(informer, isDataOf(Object.fromEntries(names.map((name) => [name, "wanted"]))));
    stop.abort();
    await working;
  });
});

function follow(client: KubeClient, log = silentLog) {
  const informer = createInformer({ client, type: configMap, log, ...selection });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  return {
    informer,
    async [Symbol.asyncDispose](): Promise<void> {
      stop.abort();
      await running;
    },
  };
}

function colorOf(object: KubeObject): string {
  return textAt(object, "metadata", "labels", "color") ?? "none";
}

async function put(client: KubeClient, name: string, value: string): Promise<void> {
  const object = { metadata: { name, namespace: "default", labels: { test: "" } }, data: { value } };
  await client.apply(configMap, object, { fieldManager: "test", force: true });
}

function isDataOf(expected: Readonly<Record<string, string>>) {
  return (items: readonly KubeObject[]): boolean => {
    const actual = Object.fromEntries(items.map((item) => [item.metadata.name, textAt(item, "data", "value")]));
    return (
      Object.keys(actual).length === Object.keys(expected).length &&
      Object.entries(expected).every(([name, value]) => actual[name] === value)
    );
  };
}
