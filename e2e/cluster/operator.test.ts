import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { silentLog } from "#base";
import {
  createInformer,
  fieldAt,
  type Informer,
  isApiError,
  type KubeClient,
  type KubeObject,
  listAt,
  type NewObject,
  numberAt,
  resourceTypes,
  textAt,
} from "#kube";

import { askUntil } from "../containerd/ask-until.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { Death } from "./dying-client.ts";
import { connectTo, untilItems } from "./kube-fixture.ts";
import { defineShims, namespace, prepareOperator, RunningOperator } from "./operator-fixture.ts";
import { namesOf, PlayedNodes } from "./played-nodes.ts";

const asked = { annotations: { "kwasm.sh/kwasm-node": "true" } };
const DIGEST = "a".repeat(64);

function shimOf(name: string, spec: object = {}): NewObject {
  const platforms = [{ os: "linux", arch: "x86_64", location: `https://a.test/${name}.tar.gz`, sha256: DIGEST }];
  const runtimeClass = { name, handler: name };
  return { metadata: { name }, spec: { fetchStrategy: { platforms }, runtimeClass, ...spec } };
}

describe("the operator on a real API server whose nodes are played", () => {
  let server: ApiServer;
  let client: KubeClient;
  let kubeconfig: string;
  let played: PlayedNodes;
  let nodes: Informer;
  let shims: Informer;
  const ended = new AbortController();
  const cleanup = new AsyncDisposableStack();

  before(async () => {
    server = cleanup.use(await startApiServer());
    client = cleanup.use(await connectTo(server));
    kubeconfig = await prepareOperator(client, server);
    await withoutShims();
    await defineShims(client);
    await askUntil("Shims", async () => {
      try {
        return await client.list(resourceTypes.shim);
      } catch (error) {
        if (isApiError(error, "not-found")) return undefined;
        throw error;
      }
    });
    played = cleanup.use(new PlayedNodes(client, namespace));
    nodes = cleanup.use(createInformer({ client, type: resourceTypes.node, log: silentLog }));
    shims = cleanup.use(createInformer({ client, type: resourceTypes.shim, log: silentLog }));
    const running = [nodes, shims].map((informer) => informer.run(ended.signal));
    cleanup.defer(() => Promise.all(running).then(() => undefined));
    cleanup.defer(() => ended.abort());
  });
  after(() => cleanup.disposeAsync());

  /** Where the chart's definitions were not applied, nodes are provisioned all the same. */
  async function withoutShims(): Promise<void> {
    await using _ = new RunningOperator({ kubeconfig });
    await askUntil("a RuntimeClass", () => client.get(resourceTypes.runtimeClass, { name: "kwasm" }));
  }

  /** A label is there only as long as the node has what it says. */
  function watchLabels(): { readonly lies: string[] } & Disposable {
    const lies: string[] = [];
    const subscription = nodes.onChange(({ kind, item: { metadata } }) => {
      const state = played.nodes.get(metadata.name);
      if (kind === "deleted" || state === undefined) return;
      const { labels = {} } = metadata;
      if (labels["kwasm.sh/ready"] !== undefined && !state.hasRuntime) lies.push(`${metadata.name} has no runtime`);
      for (const key of Object.keys(labels)) {
        const name = key.startsWith("shim.kwasm.sh/") ? key.slice("shim.kwasm.sh/".length) : undefined;
        if (name !== undefined && !state.shims.has(name)) lies.push(`${metadata.name} has no shim ${name}`);
      }
    });
    return { lies, [Symbol.dispose]: () => subscription[Symbol.dispose]() };
  }

  function untilNode(name: string, isWanted: (node: KubeObject) => boolean): Promise<void> {
    return untilItems(nodes, (items) => items.some((node) => node.metadata.name === name && isWanted(node)));
  }

  function untilReady(name: string, reason: string): Promise<void> {
    return untilItems(shims, (items) =>
      items.some((shim) => shim.metadata.name === name && textAt(conditionOf(shim, "Ready"), "reason") === reason),
    );
  }

  async function readShim(name: string): Promise<KubeObject> {
    const shim = await client.get(resourceTypes.shim, { name });
    assert.ok(shim !== undefined);
    return shim;
  }

  async function eventsOf(name: string): Promise<readonly (string | undefined)[]> {
    const events = await client.list(resourceTypes.event, { namespace: "default" });
    return events.filter((one) => textAt(one, "regarding", "name") === name).map((one) => textAt(one, "reason"));
  }

  async function removeShim(name: string): Promise<void> {
    await client.delete(resourceTypes.shim, { name });
    await untilItems(shims, (items) => !items.some(({ metadata }) => metadata.name === name));
  }

  async function classWith(name: string, handler: string): Promise<KubeObject | undefined> {
    const found = await client.get(resourceTypes.runtimeClass, { name });
    return textAt(found, "handler") === handler ? found : undefined;
  }

  /** Brings a node and a shim there and takes both away again, whoever dies meanwhile; answers whether somebody did. */
  async function live(name: string, at: number): Promise<boolean> {
    const dying = new AbortController();
    const death = new Death(at, () => dying.abort());
    using labels = watchLabels();
    const first = new RunningOperator({ kubeconfig, death: { at: death, signal: dying.signal } });
    const later: RunningOperator[] = [];
    dying.signal.addEventListener("abort", () => later.push(new RunningOperator({ kubeconfig })), { once: true });
    try {
      await played.add(name, asked);
      await client.create(resourceTypes.shim, shimOf(name, { nodeSelector: {} }));
      await untilNode(name, ({ metadata: { labels: own = {} } }) => {
        return own["kwasm.sh/ready"] === "true" && own[`shim.kwasm.sh/${name}`] === "ready";
      });
      await untilReady(name, "HandlerServed");
      await client.delete(resourceTypes.shim, { name });
      const body = { metadata: { annotations: { "kwasm.sh/kwasm-node": null } } };
      await client.patch(resourceTypes.node, { name }, { kind: "merge", body });
      await untilNode(name, ({ metadata, status }) => {
        const isBare = Object.keys({ ...metadata.labels, ...metadata.annotations }).every(
          (key) => !key.includes("kwasm"),
        );
        const isTold = listAt(status, "conditions").some((one) => fieldAt(one, "type") === "KwasmReady");
        return isBare && !isTold;
      });
      await untilItems(shims, (items) => items.length === 0);
      await askUntil("an end of all Jobs", async () => {
        return (await client.list(resourceTypes.job, { namespace })).length === 0 || undefined;
      });
    } finally {
      for (const operator of [first, ...later]) await operator[Symbol.asyncDispose]();
      await client.delete(resourceTypes.node, { name });
    }
    assert.deepEqual(labels.lies, []);
    assert.deepEqual(played.nodes.get(name), { hasRuntime: false, shims: new Map() });
    return death.hasCome;
  }

  test("an operator that dies after any of its writes is followed by one that gets there", async () => {
    let at = 1;
    while (await live(`node-${String(at)}`, at)) at += 1;
    // A node's and a shim's way there and back are so many requests at least.
    assert.ok(at > 20, `only ${String(at)} writes`);
  });

  describe("a Shim", () => {
    let operator: RunningOperator;

    before(async () => {
      operator = new RunningOperator({ kubeconfig });
      await played.add("first", { labels: { pool: "a" } });
      await played.add("second", { labels: { pool: "b" } });
    });
    after(async () => {
      await operator[Symbol.asyncDispose]();
      for (const name of ["first", "second"]) await client.delete(resourceTypes.node, { name });
    });

    test("of runtime-class-manager's form comes to the nodes it selects, with a class for them", async () => {
      const fetchStrategy = { type: "annonymousHttp", anonHttp: { location: "https://a.test/x.tgz", sha256: DIGEST } };
      const spec = {
        nodeSelector: { pool: "a" },
        fetchStrategy,
        rolloutStrategy: { type: "recreate" },
        containerdRuntimeOptions: { SystemdCgroup: "true", Level: '"high"' },
      };
      await client.create(resourceTypes.shim, shimOf("chosen", spec));
      await untilReady("chosen", "HandlerServed");
      const { status } = await readShim("chosen");
      assert.deepEqual([numberAt(status, "nodes"), numberAt(status, "nodesReady")], [1, 1]);
      assert.deepEqual(JSON.parse(played.nodes.get("first")?.shims.get("chosen") ?? ""), {
        name: "chosen",
        handler: "chosen",
        url: "https://a.test/x.tgz",
        sha256: DIGEST,
        options: { SystemdCgroup: true, Level: "high" },
      });
      assert.equal(played.nodes.get("second")?.shims.size, 0);
      const made = await client.get(resourceTypes.runtimeClass, { name: "chosen" });
      assert.deepEqual(fieldAt(made, "scheduling", "nodeSelector"), { "shim.kwasm.sh/chosen": "ready" });
      const body = { metadata: { labels: { pool: "b" } } };
      await client.patch(resourceTypes.node, { name: "first" }, { kind: "merge", body });
      await untilReady("chosen", "HandlerServed");
      await askUntil("both nodes", async () => {
        const { shims: here } = played.nodes.get("first") ?? { shims: new Map() };
        return here.size === 0 || undefined;
      });
      await client.patch(
        resourceTypes.node,
        { name: "first" },
        { kind: "merge", body: { metadata: { labels: { pool: "a" } } } },
      );
      await removeShim("chosen");
    });

    test("whose archive is wrong says so on itself and on the node, and what to do", async () => {
      const message = 'fetch "https://a.test/wrong.tar.gz": its sha256 is "b", not "a"; correct the digest';
      played.script = (_, shim) =>
        shim === "wrong" ? { outcome: "rolled-back", reason: "DigestMismatch", message } : undefined;
      await client.create(resourceTypes.shim, shimOf("wrong"));
      await untilReady("wrong", "DigestMismatch");
      const shim = await readShim("wrong");
      assert.match(
        textAt(conditionOf(shim, "Ready"), "message") ?? "",
        /^node "first": fetch .*; correct the digest$/u,
      );
      assert.equal(textAt(conditionOf(shim, "Stalled"), "status"), "True");
      // By default one node after the other, and none after one that failed.
      assert.deepEqual(
        [...played.nodes.values()].filter(({ shims: one }) => one.has("wrong")),
        [],
      );
      const told = await askUntil("events", async () => {
        const events = [await eventsOf("wrong"), await eventsOf("first")];
        return events.every((reasons) => reasons.includes("DigestMismatch")) || undefined;
      });
      assert.ok(told);
      played.script = () => undefined;
      await removeShim("wrong");
    });

    test("without a digest is taken, and asks for one", async () => {
      const fetchStrategy = { anonHttp: { location: "https://a.test/bare.tar.gz" } };
      await client.create(resourceTypes.shim, shimOf("bare", { fetchStrategy }));
      await untilReady("bare", "DigestMissing");
      assert.deepEqual(namesOf(await client.list(resourceTypes.job, { namespace })), []);
      await removeShim("bare");
    });

    test("takes the operator's own class over while it is there, and none of a user's", async () => {
      const runtimeClass = { name: "wasmtime-spin-v2", handler: "spin-v2" };
      await client.create(resourceTypes.shim, shimOf("spin-v2", { runtimeClass }));
      await untilReady("spin-v2", "HandlerServed");
      await askUntil("the Shim's class", () => classWith("wasmtime-spin-v2", "spin-v2"));
      await client.create(resourceTypes.runtimeClass, { metadata: { name: "users" }, handler: "runc" });
      await client.create(resourceTypes.shim, shimOf("other", { runtimeClass: { name: "users", handler: "other" } }));
      await untilReady("other", "RuntimeClassTaken");
      assert.ok((await classWith("users", "runc")) !== undefined);
      await removeShim("spin-v2");
      await askUntil("the operator's class", () => classWith("wasmtime-spin-v2", "spin"));
      await removeShim("other");
      await client.delete(resourceTypes.runtimeClass, { name: "users" });
    });

    test("whose finalizer somebody took away is removed from its nodes", async () => {
      await client.create(resourceTypes.shim, shimOf("torn"));
      await untilReady("torn", "HandlerServed");
      await operator[Symbol.asyncDispose]();
      await client.delete(resourceTypes.shim, { name: "torn" });
      const body = { metadata: { finalizers: null } };
      await client.patch(resourceTypes.shim, { name: "torn" }, { kind: "merge", body });
      operator = new RunningOperator({ kubeconfig });
      await Promise.all(["first", "second"].map((name) => untilNode(name, isWithoutShims)));
      assert.deepEqual(
        [...played.nodes.values()].filter(({ shims: one }) => one.has("torn")),
        [],
      );
    });

    const refused: readonly (readonly [string, NewObject, RegExp])[] = [
      ["no source", shimOf("a", { fetchStrategy: {} }), /say where the archive is/u],
      ["a source that is no address", anonymous({ location: "file:///etc/shadow" }), /location/u],
      ["a digest that is none", anonymous({ location: "https://a.test/a", sha256: "abc" }), /sha256/u],
      ["two archives for one arch", onArches("amd64", "amd64"), /one archive for each arch/u],
      ["an arch that is none", onArches("sparc"), /arch/u],
      ["a handler that is none", shimOf("a", { runtimeClass: { name: "a", handler: "a b" } }), /handler/u],
      ["an option that is none", shimOf("a", { containerdRuntimeOptions: { 'x"]': "1" } }), /an option's name/u],
      ["no node at once", rolling(0), /maxUpdate/u],
      ["a name that is no label's value", shimOf("a.b"), /the name of a Shim/u],
    ];
    for (const [what, shim, complaint] of refused) {
      test(`is refused by the API server with ${what}`, async () => {
        await assert.rejects(client.create(resourceTypes.shim, shim), (error) => {
          return isApiError(error, "invalid") && complaint.test(error.message);
        });
      });
    }

    test("keeps its class's name and handler", async () => {
      await client.create(resourceTypes.shim, shimOf("kept", { nodeSelector: { pool: "none" } }));
      await untilReady("kept", "NoNodes");
      const body = { spec: { runtimeClass: { handler: "other" } } };
      await assert.rejects(
        client.patch(resourceTypes.shim, { name: "kept" }, { kind: "merge", body }),
        /cannot be changed/u,
      );
      await removeShim("kept");
    });
  });
});

function isWithoutShims({ metadata }: KubeObject): boolean {
  return !JSON.stringify(metadata).includes("shim.kwasm.sh");
}

function anonymous(anonHttp: object): NewObject {
  return shimOf("a", { fetchStrategy: { anonHttp } });
}

function onArches(...arches: readonly string[]): NewObject {
  const list = arches.map((arch) => ({ os: "linux", arch, location: "https://a.test/a" }));
  return shimOf("a", { fetchStrategy: { platforms: list } });
}

function rolling(maxUpdate: number): NewObject {
  return shimOf("a", { rolloutStrategy: { type: "rolling", rolling: { maxUpdate } } });
}

function conditionOf({ status }: KubeObject, type: string): unknown {
  return listAt(status, "conditions").find((one) => fieldAt(one, "type") === type);
}
