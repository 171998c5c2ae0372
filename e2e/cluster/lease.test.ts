import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { type KubeClient, numberAt, resourceTypes, textAt } from "#kube";

import { type ApiServer, startApiServer } from "./api-server.ts";
import { connectTo } from "./kube-fixture.ts";
import { ProgramProcess } from "./program-process.ts";

const program = join(import.meta.dirname, "lease-holder-main.ts");
const LONG_MS = 600_000;
const SHORT_MS = 3000;

describe("a lease on a real API server", () => {
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

  test("is handed over at once by a holder that ends", async () => {
    await using first = new Holder(server, "handed-over", LONG_MS);
    assert.equal(await first.nextLine(), "leading");
    await using second = new Holder(server, "handed-over", LONG_MS);
    await second.logged("watching");
    first.kill("SIGTERM");
    assert.equal(await first.nextLine(), "stopped");
    assert.equal(await second.nextLine(), "leading");
    const lease = await client.get(resourceTypes.lease, { name: "handed-over", namespace: "default" });
    assert.equal(textAt(lease, "spec", "holderIdentity"), `process-${second.pid}`);
    assert.equal(numberAt(lease, "spec", "leaseTransitions"), 1);
  });

  test("is taken from a holder that was killed", async () => {
    await using first = new Holder(server, "killed", SHORT_MS);
    assert.equal(await first.nextLine(), "leading");
    await using second = new Holder(server, "killed", SHORT_MS);
    await second.logged("watching");
    first.kill("SIGKILL");
    assert.equal(await second.nextLine(), "leading");
  });

  test("that somebody else took ends its holder's work", async () => {
    await using holder = new Holder(server, "stolen", SHORT_MS);
    assert.equal(await holder.nextLine(), "leading");
    const body = { spec: { holderIdentity: "somebody else" } };
    await client.patch(resourceTypes.lease, { name: "stolen", namespace: "default" }, { kind: "merge", body });
    assert.equal(await holder.nextLine(), "stopped");
    assert.equal(await holder.nextLine(), "lost");
    assert.equal(await holder.exitCode(), 1);
    const lease = await client.get(resourceTypes.lease, { name: "stolen", namespace: "default" });
    assert.equal(textAt(lease, "spec", "holderIdentity"), "somebody else");
  });

  test("is kept through a restart of the API server", async () => {
    await using holder = new Holder(server, "kept", LONG_MS);
    assert.equal(await holder.nextLine(), "leading");
    await server.kill("SIGKILL");
    await server.start();
    holder.kill("SIGTERM");
    assert.equal(await holder.nextLine(), "stopped");
    assert.equal(await holder.exitCode(), 0);
  });
});

/** A process of `lease-holder-main.ts`. */
class Holder extends ProgramProcess {
  constructor(server: ApiServer, name: string, durationMs: number) {
    super(program, [server.kubeconfig, name, `${durationMs}`]);
  }
}
