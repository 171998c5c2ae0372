import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { isApiError, resourceTypes } from "#kube";

import { askUntil } from "../containerd/ask-until.ts";
import { startApiServer } from "./api-server.ts";
import { connectTo } from "./kube-fixture.ts";
import { kubernetesVersion } from "./kubernetes-programs.ts";

describe("an API server without nodes", () => {
  test("keeps what is written when it is killed and started again", async () => {
    await using server = await startApiServer();
    using client = await connectTo(server);
    await client.create(resourceTypes.pod, podOf("kept"));
    await server.kill("SIGKILL");
    await server.start();
    using again = await connectTo(server);
    const pods = await again.list(resourceTypes.pod, { namespace: "default" });
    assert.deepEqual(
      pods.map((pod) => pod.metadata.name),
      ["kept"],
    );
  });

  test("serves the release that was asked for, to whom RBAC grants it", async () => {
    await using server = await startApiServer();
    const mayDoNothing = server.kubeconfigOf("guest", { user: "guest" });
    using guest = await connectTo(server, mayDoNothing);
    assert.equal(await guest.version(), kubernetesVersion);
    await assert.rejects(guest.list(resourceTypes.node), (thrown) => isApiError(thrown, "forbidden"));
  });

  test("makes pods of Jobs with controllers", async () => {
    await using server = await startApiServer({ hasControllers: true });
    using client = await connectTo(server);
    const template = { spec: { ...podOf("unused").spec, restartPolicy: "Never" } };
    await client.create(resourceTypes.job, { metadata: { name: "once", namespace: "default" }, spec: { template } });
    const pod = await askUntil("the pod of a Job", async () => {
      return (await client.list(resourceTypes.pod, { namespace: "default" }))[0];
    });
    assert.equal(pod.metadata.labels?.["job-name"], "once");
  });

  test("leaves no folder and no process behind", async () => {
    let directory = "";
    {
      await using server = await startApiServer();
      directory = server.directory;
      assert.ok(readFileSync(server.kubeconfig, "utf8").includes(server.url));
    }
    assert.equal(existsSync(directory), false);
  });
});

function podOf(name: string) {
  return {
    metadata: { name, namespace: "default" },
    spec: { containers: [{ name: "only", image: "kwasm.test/none:1" }] },
  };
}
