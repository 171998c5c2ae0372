import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { isApiError, type KubeClient, type NewObject, resourceTypes, textAt } from "#kube";

import { type ApiServer, startApiServer } from "./api-server.ts";
import { connectTo } from "./kube-fixture.ts";

const { configMap, node, pod } = resourceTypes;

describe("a client of a real API server", () => {
  let server: ApiServer;
  let client: KubeClient;

  before(async () => {
    server = await startApiServer();
    client = await connectTo(server);
  });
  after(async () => {
    client.close();
    await server[Symbol.asyncDispose]();
  });

  test("finds what it made, and nothing where nothing is", async () => {
    const made = await client.create(configMap, mapOf("made", { a: "1" }));
    assert.equal(made.kind, "ConfigMap");
    const found = await client.get(configMap, { name: "made", namespace: "default" });
    assert.equal(textAt(found, "data", "a"), "1");
    assert.equal(await client.get(configMap, { name: "none", namespace: "default" }), undefined);
  });

  test("tells refusals apart", async () => {
    const first = await client.create(configMap, mapOf("refused", {}));
    await assert.rejects(client.create(configMap, mapOf("refused", {})), (thrown) =>
      isApiError(thrown, "already-exists"),
    );
    await client.replace(configMap, { ...mapOf("refused", { a: "2" }), metadata: first.metadata });
    const stale = client.replace(configMap, { ...mapOf("refused", { a: "3" }), metadata: first.metadata });
    await assert.rejects(stale, (thrown) => isApiError(thrown, "conflict") && thrown.code === "failed-precondition");
    await assert.rejects(client.create(configMap, mapOf("Not a name", {})), (thrown) => isApiError(thrown, "invalid"));
    using guest = await connectTo(server, server.kubeconfigOf("guest", { user: "guest" }));
    await assert.rejects(guest.list(node), (thrown) => isApiError(thrown, "forbidden"));
  });

  test("applies fields, leaves those of others alone, and drops its own", async () => {
    const name = { name: "applied", namespace: "default" };
    await client.apply(configMap, mapOf("applied", { ours: "1", both: "1" }), { fieldManager: "us" });
    await client.patch(
      configMap,
      name,
      { kind: "merge", body: { data: { theirs: "1", both: "2" } } },
      { fieldManager: "they" },
    );
    const contested = client.apply(configMap, mapOf("applied", { both: "1" }), { fieldManager: "us" });
    await assert.rejects(contested, (thrown) => isApiError(thrown, "conflict"));
    await client.apply(configMap, mapOf("applied", { both: "1" }), { fieldManager: "us", force: true });
    assert.deepEqual((await client.get(configMap, name))?.["data"], { theirs: "1", both: "1" });
  });

  test("patches by steps, and a subresource", async () => {
    await client.create(node, { metadata: { name: "patched", labels: { "a/b": "1" } } });
    const steps = [
      { op: "test", path: "/metadata/labels/a~1b", value: "1" },
      { op: "remove", path: "/metadata/labels/a~1b" },
    ] as const;
    assert.equal(
      (await client.patch(node, { name: "patched" }, { kind: "json", body: steps })).metadata.labels,
      undefined,
    );
    await assert.rejects(client.patch(node, { name: "patched" }, { kind: "json", body: steps }), (thrown) =>
      isApiError(thrown, "invalid"),
    );
    const body = { status: { conditions: [{ type: "Ready", status: "True" }] } };
    await client.patch(node, { name: "patched" }, { kind: "merge", body }, { subresource: "status" });
    const found = await client.get(node, { name: "patched" });
    assert.match(JSON.stringify(found?.["status"]), /"Ready"/);
  });

  test("deletes that very object only", async () => {
    const { metadata } = await client.create(configMap, mapOf("deleted", {}));
    const name = { name: "deleted", namespace: "default" };
    const another = client.delete(configMap, name, { uid: "00000000-0000-0000-0000-000000000000" });
    await assert.rejects(another, (thrown) => isApiError(thrown, "conflict"));
    assert.equal(await client.delete(configMap, name, { uid: metadata.uid }), true);
    assert.equal(await client.delete(configMap, name), false);
  });

  test("lists page by page, and only what is selected", async () => {
    for (let index = 0; index < 7; index += 1) {
      await client.create(configMap, {
        metadata: { name: `page-${index}`, namespace: "default", labels: { page: `${index % 2}` } },
      });
    }
    const options = { namespace: "default", labelSelector: "page", pageObjects: 3 };
    const pages = await Array.fromAsync(client.listPages(configMap, options));
    assert.deepEqual(
      pages.map(({ items }) => items.length),
      [3, 3, 1],
    );
    assert.equal((await client.list(configMap, { ...options, labelSelector: "page=1" })).length, 3);
    assert.equal((await client.list(configMap, { fieldSelector: "metadata.name=page-2" }))[0]?.kind, "ConfigMap");
  });

  test("asks for the log of a pod where kubelet is", async () => {
    const spec = { nodeName: "nowhere", containers: [{ name: "a", image: "kwasm.test/none:1" }] };
    await client.create(pod, { metadata: { name: "logging", namespace: "default" }, spec });
    await assert.rejects(client.logs({ name: "logging", namespace: "default" }), (thrown) => isApiError(thrown));
  });

  test("is cancelled by its signal", async () => {
    const stop = new AbortController();
    const watching = Array.fromAsync(client.watch(node, { resourceVersion: "0", signal: stop.signal }));
    stop.abort();
    await assert.rejects(watching, { code: "cancelled" });
  });
});

function mapOf(name: string, data: Readonly<Record<string, string>>): NewObject {
  return { metadata: { name, namespace: "default" }, data };
}
