import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { silentLog } from "#base";
import { createEventRecorder, fieldAt, type KubeClient, type KubeObject, numberAt, resourceTypes, textAt } from "#kube";

import { askUntil } from "../containerd/ask-until.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { connectTo } from "./kube-fixture.ts";

describe("events on a real API server", () => {
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

  function record(name: string, notes: readonly string[]): Promise<void> {
    const recorder = createEventRecorder({ client, controller: "kwasm.sh/test", instance: "test-1", log: silentLog });
    const regarding = { apiVersion: "v1", kind: "Node", metadata: { name, uid: `uid-${name}` } };
    const fact = { regarding, type: "Warning", reason: "Failed", action: "Provision" } as const;
    for (const note of notes) recorder.record({ ...fact, note });
    return recorder.close();
  }

  async function eventsOf(name: string): Promise<readonly KubeObject[]> {
    const events = await client.list(resourceTypes.event, { namespace: "default" });
    return events.filter((event) => textAt(event, "regarding", "name") === name);
  }

  test("a fact is told of its object, whole as kubectl shows it", async () => {
    await record("once", ["it broke"]);
    const [event, ...others] = await eventsOf("once");
    assert.equal(others.length, 0);
    assert.deepEqual(
      ["type", "reason", "action", "note", "reportingController"].map((field) => fieldAt(event, field)),
      ["Warning", "Failed", "Provision", "it broke", "kwasm.sh/test"],
    );
    assert.equal(textAt(event, "regarding", "uid"), "uid-once");
  });

  test("the same again is counted in one event", async () => {
    await record(
      "again",
      Array.from({ length: 100 }, () => "it broke"),
    );
    const events = await eventsOf("again");
    assert.deepEqual(
      events.map((event) => numberAt(event, "series", "count")),
      [100],
    );
  });

  test("an object that fails in ever new ways has only so many events", async () => {
    await record(
      "spam",
      Array.from({ length: 40 }, (_, index) => `it broke in way ${index}`),
    );
    assert.equal((await eventsOf("spam")).length, 25);
  });

  test("a note of the limit is told whole, one past it cut between characters", async () => {
    await record("long", ["a".repeat(1024), "b".repeat(1025), `${"c".repeat(1020)}éé`, `${"d".repeat(1020)}ééé`]);
    const notes = (await eventsOf("long")).map((event) => textAt(event, "note") ?? "").toSorted();
    const expected = ["a".repeat(1024), `${"b".repeat(1021)}…`, `${"c".repeat(1020)}éé`, `${"d".repeat(1020)}…`];
    assert.deepEqual(notes, expected);
  });

  test("a fact that could not be told is told when it happens again", async () => {
    const kubeconfig = server.kubeconfigOf("teller", { user: "teller" });
    using teller = await connectTo(server, kubeconfig);
    const options = { client: teller, controller: "kwasm.sh/test", instance: "test-1", log: silentLog };
    await using recorder = createEventRecorder(options);
    const regarding = { apiVersion: "v1", kind: "Node", metadata: { name: "late" } };
    const fact = { regarding, type: "Normal", reason: "Told", action: "Tell", note: "hear" } as const;
    recorder.record(fact);
    await recorder.flush();
    assert.equal((await eventsOf("late")).length, 0);
    await client.create(clusterRoleBinding, {
      metadata: { name: "teller" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "teller" }],
    });
    // RBAC reads what is new by a watch of its own.
    await askUntil("a right to tell", async () => {
      recorder.record(fact);
      await recorder.flush();
      return (await eventsOf("late")).length > 0 || undefined;
    });
  });
});

const clusterRoleBinding = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  isNamespaced: false,
};
