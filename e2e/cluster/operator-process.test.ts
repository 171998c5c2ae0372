import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { type KubeClient, resourceTypes, textAt } from "#kube";

import { askUntil } from "../containerd/ask-until.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { connectTo } from "./kube-fixture.ts";
import { ProgramProcess } from "./program-process.ts";

const program = join(import.meta.dirname, "../../src/cli/operator-main.ts");
const namespace = "kwasm";
const lease = { name: "c74b86db.kwasm.sh", namespace };

describe("the operator's process on a real API server", () => {
  let server: ApiServer;
  let client: KubeClient;

  before(async () => {
    server = await startApiServer();
    client = await connectTo(server);
    await client.create(resourceTypes.namespace, { metadata: { name: namespace } });
  });
  after(async () => {
    client.close();
    await server[Symbol.asyncDispose]();
  });

  test("is ready when it knows what is there, tells its metrics, and gives its lease up at SIGTERM", async () => {
    await using operator = await Operator.start(server);
    await operator.logged("operator started");
    await askUntil("readiness", async () => (await operator.get("health", "/readyz")) === "ok" || undefined);
    assert.equal(await operator.get("health", "/healthz"), "ok");
    const metrics = await operator.get("metrics", "/metrics");
    for (const line of [
      /^leader_election_master_status\{name="c74b86db\.kwasm\.sh"\} 1$/mu,
      /^rest_client_requests_total\{method="GET",host="127\.0\.0\.1:\d+",code="200"\} \d+$/mu,
      /^# TYPE workqueue_depth gauge$/mu,
      /^# TYPE workqueue_work_duration_seconds histogram$/mu,
      /^# TYPE controller_runtime_reconcile_total counter$/mu,
      /^controller_runtime_max_concurrent_reconciles\{controller="node"\} \d+$/mu,
      /^process_resident_memory_bytes \d+$/mu,
    ]) {
      assert.match(metrics, line);
    }
    operator.kill("SIGTERM");
    assert.equal(await operator.exitCode(), 0);
    assert.equal(textAt(await client.get(resourceTypes.lease, lease), "spec", "holderIdentity"), "");
  });

  test("provisions a node that was annotated, one operator after the other", async () => {
    await using first = await Operator.start(server);
    await first.logged("operator started");
    await using second = await Operator.start(server);
    await second.logged("watching the lease");
    assert.equal(await second.get("health", "/readyz"), "ok");
    first.kill("SIGTERM");
    await second.logged("operator started");
    const annotations = { "kwasm.sh/kwasm-node": "true" };
    await client.create(resourceTypes.node, { metadata: { name: "wanted", annotations } });
    const body = { status: { conditions: [{ type: "Ready", status: "True" }] } };
    await client.patch(resourceTypes.node, { name: "wanted" }, { kind: "merge", body }, { subresource: "status" });
    const job = { name: "wanted-provision-kwasm", namespace };
    await askUntil("the Job of the contract", () => client.get(resourceTypes.job, job));
  });

  test("says what is missing and ends when its namespace is not told", async () => {
    await using operator = await Operator.start(server, { CONTROLLER_NAMESPACE: "" });
    await operator.logged("CONTROLLER_NAMESPACE");
    assert.notEqual(await operator.exitCode(), 0);
  });
});

/** A process of the operator, started from source. */
class Operator extends ProgramProcess {
  readonly #ports: Readonly<Record<"metrics" | "health", number>>;

  constructor(server: ApiServer, ports: Readonly<Record<"metrics" | "health", number>>, env: NodeJS.ProcessEnv) {
    const addresses = [
      `--metrics-bind-address=127.0.0.1:${ports.metrics}`,
      `--health-probe-bind-address=127.0.0.1:${ports.health}`,
    ];
    const options = ["--leader-elect", "--zap-devel", "--zap-encoder=console", "--zap-log-level=5", ...addresses];
    super(program, options, { KUBECONFIG: server.kubeconfig, CONTROLLER_NAMESPACE: namespace, ...env });
    this.#ports = ports;
  }

  static async start(server: ApiServer, env: NodeJS.ProcessEnv = {}): Promise<Operator> {
    return new Operator(server, { metrics: await findPort(), health: await findPort() }, env);
  }

  async get(endpoint: "metrics" | "health", path: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.#ports[endpoint]}${path}`);
    return answer.text();
  }
}

/** The kernel gives ports at random, so one that was free a moment ago still is. */
async function findPort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  // An address is a text for Unix sockets only.
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}
