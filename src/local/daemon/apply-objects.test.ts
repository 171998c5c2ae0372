import assert from "node:assert/strict";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "#base";
import type { KubeObject } from "../kinds/index.ts";
import { ObjectStore } from "../store/object-store.ts";
import { openStateDatabase } from "../store/state-database.ts";
import { makeConfigMap, makeDeployment, makePod, makeService } from "../testing/objects.ts";
import { applyObjects } from "./apply-objects.ts";

function withStore(action: (store: ObjectStore) => void): void {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-apply-"));
  using database = openStateDatabase(folder.path);
  const store = new ObjectStore(database, systemClock);
  store.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "default", labels: {}, annotations: {} } });
  action(store);
}

function outcomesOf(store: ObjectStore, ...objects: KubeObject[]): string {
  return applyObjects(store, objects)
    .map(({ outcome }) => outcome)
    .join(" ");
}

test("results come in the order of the manifests", () =>
  withStore((store) => {
    const results = applyObjects(store, [makePod("a"), makeService("b", 80), makeConfigMap("c", {})]);
    assert.deepEqual(
      results.map(({ key }) => key.name),
      ["a", "b", "c"],
    );
  }));

test("what controllers wrote is no difference, and stays through a change", () =>
  withStore((store) => {
    const service = makeService("web", 80);
    outcomesOf(store, service);
    const stored = store.get("Service", "web", "default");
    assert(stored !== undefined);
    const annotations = { "kwasm.sh/mapped-ports": "80:8080" };
    store.update(stored, (live) => ({
      ...live,
      metadata: { ...live.metadata, annotations },
      spec: { ...live.spec, clusterIP: "127.128.0.1" },
    }));
    assert.equal(outcomesOf(store, service), "unchanged");
    assert.equal(
      outcomesOf(store, { ...service, metadata: { ...service.metadata, labels: { a: "b" } } }),
      "configured",
    );
    const after = store.get("Service", "web", "default");
    assert.deepEqual(
      [after?.spec.clusterIP, after?.metadata.annotations, after?.metadata.labels],
      ["127.128.0.1", annotations, { a: "b" }],
    );
  }));

test("the generation grows with the content only", () =>
  withStore((store) => {
    const deployment = makeDeployment("web", 1);
    outcomesOf(store, deployment);
    outcomesOf(store, { ...deployment, metadata: { ...deployment.metadata, labels: { other: "1" } } });
    assert.equal(store.get("Deployment", "web", "default")?.metadata.generation, 1);
    outcomesOf(store, makeDeployment("web", 2));
    assert.equal(store.get("Deployment", "web", "default")?.metadata.generation, 2);
  }));

test("what cannot change is refused, and nothing of the same apply is done", () =>
  withStore((store) => {
    const immutable = { ...makeConfigMap("fixed", { a: "1" }), immutable: true };
    outcomesOf(store, makePod("one"), makeDeployment("web", 1), immutable);
    const selector = { matchLabels: { app: "other" }, matchExpressions: [] };
    const deployment = makeDeployment("web", 1);
    for (const changed of [
      makePod("one", { restartPolicy: "Never" }),
      { ...deployment, spec: { ...deployment.spec, selector } },
      { ...makeConfigMap("fixed", { a: "2" }), immutable: true },
    ]) {
      assert.throws(() => applyObjects(store, [makeService("new", 80), changed]), { code: "failed-precondition" });
    }
    assert.equal(store.get("Service", "new", "default"), undefined);
    assert.equal(outcomesOf(store, immutable), "unchanged");
  }));

test("a namespace must be there, or come along", () =>
  withStore((store) => {
    const config = makeConfigMap("c", {});
    const elsewhere = { ...config, metadata: { ...config.metadata, namespace: "team" } };
    assert.throws(() => applyObjects(store, [elsewhere]), { code: "not-found" });
    const namespace = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "team", labels: {}, annotations: {} },
    } as const;
    assert.equal(outcomesOf(store, elsewhere, namespace), "created created");
  }));
