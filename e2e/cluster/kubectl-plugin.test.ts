import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { type KubeClient, type NewObject, resourceTypes } from "#kube";

import { clusterCommands, clusterProgram } from "../../src/cli/commands/cluster/index.ts";
import { runCli } from "../../src/cli/frame/run-cli.ts";
import { createTestIo } from "../../src/cli/testing/test-io.ts";
import { openPrefix } from "../containerd/prefix.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { openClientPrograms } from "./client-programs.ts";
import { connectTo } from "./kube-fixture.ts";
import { defineShims, namespace, prepareOperator, RunningOperator } from "./operator-fixture.ts";
import { PlayedNodes } from "./played-nodes.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const labels = { "app.kubernetes.io/name": "kwasm-operator" };

/** What the chart makes for an operator that runs elsewhere: `doctor` reads its settings there. */
const deployment: NewObject = {
  metadata: { name: "kwasm-operator", namespace, labels },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        containers: [
          { name: "kwasm-operator", image: "operator:1", env: [{ name: "CONTROLLER_NAMESPACE", value: namespace }] },
        ],
      },
    },
  },
};

describe("kubectl kwasm on a real API server whose nodes are played", () => {
  let server: ApiServer;
  let client: KubeClient;
  let played: PlayedNodes;
  let kubectl = "";
  const cleanup = new AsyncDisposableStack();

  before(async () => {
    kubectl = join(await openClientPrograms((await openPrefix("2")).busybox), "kubectl");
    server = cleanup.use(await startApiServer());
    client = cleanup.use(await connectTo(server));
    const kubeconfig = await prepareOperator(client, server);
    await defineShims(client);
    played = cleanup.use(new PlayedNodes(client, namespace));
    cleanup.use(new RunningOperator({ kubeconfig }));
    for (const name of ["good", "broken", "plain"]) await add(name);
  });
  after(() => cleanup.disposeAsync());

  /** A node that takes pods: a taint says until then that it is not Ready. */
  async function add(name: string, metadata: object = {}): Promise<void> {
    await played.add(name, metadata);
    await client.patch(resourceTypes.node, { name }, { kind: "merge", body: { spec: { taints: null } } });
  }

  async function enforce(level: "restricted" | null): Promise<void> {
    const body = { metadata: { labels: { "pod-security.kubernetes.io/enforce": level } } };
    await client.patch(resourceTypes.namespace, { name: namespace }, { kind: "merge", body });
  }

  interface Answer {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }

  async function kwasm(line: string, kubeconfig = server.kubeconfig): Promise<Answer> {
    const io = createTestIo({ env: { KUBECONFIG: kubeconfig } });
    const code = await runCli(line.split(" "), clusterCommands, io, clusterProgram);
    return { code, stdout: io.stdoutText(), stderr: io.stderrText() };
  }

  test("without an operator's Deployment, doctor and provision say so", async () => {
    const { code, stdout } = await kwasm("doctor");
    assert.equal(code, 1);
    assert.match(stdout, /^BAD +operator +there is none.*helm install/mu);
    assert.match(stdout, /^BAD +nodes +none of 3 is to have the runtime/mu);
    const { stderr } = await kwasm("deprovision plain --no-wait");
    assert.match(stderr, /^warning: no operator was found/u);
    await client.create(resourceTypes.deployment, deployment);
    const body = { status: { replicas: 1, readyReplicas: 1 } };
    await client.patch(
      resourceTypes.deployment,
      { name: "kwasm-operator", namespace },
      { kind: "merge", body },
      { subresource: "status" },
    );
  });

  test("provision waits until a node is ready and tells each step", async () => {
    const { code, stdout, stderr } = await kwasm("provision node/good --timeout 60s");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^node\/good annotated\n/u);
    assert.match(stdout, /\nnode\/good ready: version 1\.2\.3 runs Wasm pods\n$/u);
    assert.equal(played.nodes.get("good")?.hasRuntime, true);
    assert.match((await kwasm("provision good")).stdout, /^node\/good unchanged\nnode\/good ready/u);
  });

  test("provision ends at a failure with its reason", async () => {
    const report = {
      outcome: "rolled-back",
      reason: "ContainerdNotStarted",
      message: "containerd did not start",
    } as const;
    played.script = (action) => (action === "install" ? report : undefined);
    const { code, stderr } = await kwasm("provision broken --timeout 60s");
    assert.equal(code, 1);
    assert.equal(
      stderr,
      "error: node/broken: ContainerdNotStarted: containerd did not start; see 'kubectl kwasm doctor'\n",
    );
  });

  test("status has every node and class, as tables and as JSON", async () => {
    const { stdout } = await kwasm("status");
    assert.match(stdout, /^good +yes +yes +1\.2\.3 +WasmPodRan +version 1\.2\.3 runs Wasm pods$/mu);
    assert.match(stdout, /^broken +yes +no +<none> +ContainerdNotStarted +containerd did not start$/mu);
    assert.match(stdout, /^plain +no +no +<none> +<none>$/mu);
    assert.match(stdout, /^wasmtime-spin-v2 +spin +1\/1 +kwasm\.sh\/ready=true$/mu);
    const json = JSON.parse((await kwasm("status good -o json")).stdout) as { nodes: { name: string }[] };
    assert.deepEqual(
      json.nodes.map(({ name }) => name),
      ["good"],
    );
    assert.match(
      (await kwasm("status -l kwasm.sh/ready=true -o yaml")).stdout,
      /^nodes:\n {2}- name: good\n {4}wanted: true\n/u,
    );
    const absent = await kwasm("status none");
    assert.deepEqual([absent.code, absent.stdout], [1, ""]);
    assert.match(absent.stderr, /find Node "none": there is none/u);
  });

  test("doctor says what is wrong with what, and what to do", async () => {
    await client.create(resourceTypes.runtimeClass, { metadata: { name: "wasmtime" }, handler: "spin" });
    await enforce("restricted");
    const { code, stdout } = await kwasm("doctor");
    await enforce(null);
    assert.equal(code, 1);
    assert.match(stdout, /^ok +deployment\/kwasm-operator +operator:1 is ready in namespace kwasm$/mu);
    assert.match(stdout, /^BAD +namespace\/kwasm +it enforces Pod Security "restricted"/mu);
    assert.match(stdout, /^BAD +node\/broken +ContainerdNotStarted: .*kubectl kwasm logs-installer broken/mu);
    assert.match(stdout, /^BAD +runtimeclass\/wasmtime +its pods may be put on nodes that do not serve "spin"/mu);
  });

  test("what doctor advises for a class makes it good", async () => {
    const { stdout } = await kwasm("doctor");
    const words = /kubectl (?<words>patch runtimeclass wasmtime --type=merge -p) '(?<patch>[^']+)'/u.exec(
      stdout,
    )?.groups;
    assert.ok(words?.["words"] !== undefined && words["patch"] !== undefined);
    await run(kubectl, ["--kubeconfig", server.kubeconfig, ...words["words"].split(" "), words["patch"]]);
    assert.doesNotMatch((await kwasm("doctor")).stdout, /runtimeclass\/wasmtime/u);
  });

  test("who may read nothing is told what was not looked at, and nothing is made up", async () => {
    const guest = server.kubeconfigOf("guest", { user: "guest" });
    const { code, stdout } = await kwasm("doctor", guest);
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split("\n");
    assert.deepEqual(
      lines.filter((line) => !line.startsWith("? ")),
      [],
    );
    assert.match(stdout, /^\? +nodes +not looked at: list nodes: .*forbidden/mu);
    const status = await kwasm("status", guest);
    assert.deepEqual([status.code, status.stdout], [1, ""]);
  });

  test("top says what is missing where there is no metrics API", async () => {
    const { code, stderr } = await kwasm("top -A");
    assert.equal(code, 1);
    assert.match(stderr, /the cluster has no metrics API; install metrics-server/u);
  });

  test("logs-installer finds the node's pod, and says when there is none", async () => {
    const absent = await kwasm("logs-installer plain");
    assert.equal(absent.code, 1);
    assert.match(absent.stderr, /find the installer's pod on Node "plain": there is none any more, or never was/u);
    // No kubelet has the log; the API server names the pod and the node that it asks.
    const found = await kwasm("logs-installer broken");
    assert.equal(found.code, 1);
    assert.match(found.stderr, /read the log of Pod "kwasm\/broken-provision-kwasm-[0-9a-f]+"/u);
    assert.match((await kwasm("logs-installer none")).stderr, /find Node "none": there is none/u);
  });

  test("deprovision waits until the runtime is gone", async () => {
    played.script = () => undefined;
    const { code, stdout } = await kwasm("deprovision good --timeout 60s");
    assert.equal(code, 0);
    assert.match(stdout, /^node\/good annotated\n/u);
    assert.match(stdout, /\nnode\/good removed\n$/u);
    assert.equal(played.nodes.get("good")?.hasRuntime, false);
  });

  test("deprovision says no where a label and the annotation ask", async () => {
    await add("twice", {
      labels: { "kwasm.sh/kwasm-node": "true" },
      annotations: { "kwasm.sh/kwasm-node": "true" },
    });
    assert.equal((await kwasm("deprovision twice --timeout 60s")).code, 0);
    const node = await client.get(resourceTypes.node, { name: "twice" });
    assert.equal(node?.metadata.annotations?.["kwasm.sh/kwasm-node"], "false");
  });

  test("a wait that takes too long ends with what is known", async () => {
    await client.create(resourceTypes.node, { metadata: { name: "dead" } });
    const { code, stderr } = await kwasm("provision dead --timeout 2s");
    assert.equal(code, 1);
    assert.match(stderr, /^error: node\/dead: not done in 2s: NodeNotReady: waits until the node is Ready/u);
  });

  test("kubectl finds the plugin", async () => {
    const env = { ...process.env, PATH: `${root}:${dirname(kubectl)}:${process.env["PATH"] ?? ""}` };
    const words = ["kwasm", "status", "plain", `--kubeconfig=${server.kubeconfig}`];
    const { stdout } = await run(kubectl, words, { env });
    assert.match(stdout, /^NAME +WANTED +READY +VERSION +REASON +MESSAGE\nplain +no +no /u);
  });
});

function refuse(line: string, message: RegExp): void {
  test(`refused: ${line}`, async () => {
    const io = createTestIo();
    assert.equal(await runCli(line.split(" "), clusterCommands, io, clusterProgram), 2);
    assert.match(io.stderrText(), message);
  });
}

refuse("provision", /name a node, or give --all or -l/u);
refuse("deprovision a --all", /cannot be given with --all or -l/u);
refuse("provision a --timeout soon", /read --timeout "soon"/u);
refuse("status -o xml", /give one of wide, json, yaml/u);
refuse("doctor -o yaml", /only -o json is there/u);
refuse("doctor a", /unexpected operand "a"/u);
refuse("top --sort-by age", /sort by "age": give one of cpu, memory, name/u);
refuse("logs-installer", /the node's name is missing/u);
refuse("logs-installer a b", /unexpected operand "b"/u);
refuse("statsu", /unknown command "statsu": did you mean 'status'/u);
refuse("x", /see 'kubectl kwasm help'/u);
