import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";

import type { Pod } from "#local";

import { isAlive, KwasmCommand, processTree, root, until } from "./command-fixture.ts";

const example = "examples/quickstart";

/** A connection for each request: every one is balanced anew. */
const agent = new Agent({ keepAlive: false });

/** What the Service answers, or the error's message. */
async function ask(address: string): Promise<string> {
  const request = get(`http://${address}/`, { agent });
  try {
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return await text(response);
  } catch (error) {
    return `failed: ${String(error)}`;
  }
}

/** The address that `up` has printed. */
function addressIn(output: string): string {
  const [, address = ""] = /^service\/hello-wasm answers at (\S+)/m.exec(output) ?? [];
  assert.match(address, /^127(?:\.\d+){3}:\d+$/, output);
  return address;
}

/** Asks until each of the pods has answered, and nobody else. */
async function checkAllAnswer(address: string, pods: readonly Pod[]): Promise<void> {
  const wanted = new Set(pods.map(({ metadata }) => `Hello from ${metadata.name}\n`));
  const seen = new Set<string>();
  await until(`${[...wanted].join("")}answer`, async () => {
    const answer = await ask(address);
    if (wanted.has(answer)) seen.add(answer);
    return seen.size === wanted.size;
  });
}

function areReady(pods: readonly Pod[], count: number, restarts?: number): boolean {
  const statuses = pods.flatMap(({ status }) => status?.containerStatuses ?? []);
  return (
    pods.length === count &&
    statuses.length === count &&
    statuses.every(({ ready, restartCount }) => ready && (restarts === undefined || restartCount === restarts))
  );
}

const deploymentName = "deployment.apps/hello-wasm";
const applied = (outcome: string): RegExp => new RegExp(`^${deploymentName} ${outcome}$`, "m");

test("the quickstart runs, is served, logged, restarted, scaled, changed and ended", async (context) => {
  await using kwasm = new KwasmCommand();
  const first = await kwasm.check(`up -d ${example}`, {
    stdout: /deployment "hello-wasm" successfully rolled out\n/,
    stderr: 'Building image "hello:v1"\n',
  });
  const address = addressIn(first.stdout);

  await context.test("get pods shows 3/3 Running, and each answers at the printed address", async () => {
    await kwasm.check("get pods", {
      stdout: /^NAME +READY +STATUS +RESTARTS +AGE\n(?:hello-wasm-\w+-\w+ +1\/1 +Running +0 +\d+s\n){3}$/,
    });
    await kwasm.check("get deploy", { stdout: /\nhello-wasm +3\/3 +3 +3 +/ });
    await checkAllAnswer(address, await kwasm.pods());
  });

  await context.test("logs shows the lines of all three", async () => {
    for (const line of ["logs deploy/hello-wasm", "logs -l app=hello-wasm --prefix"]) {
      const { stdout } = await kwasm.check(line, { stdout: /^(?:\[pod\/hello-wasm-\w+-\w+\/hello\] .*\n)+$/ });
      for (const { metadata } of await kwasm.pods()) {
        assert.ok(stdout.includes(`[pod/${metadata.name}/hello] hello: serving\n`), stdout);
        assert.ok(stdout.includes(`[pod/${metadata.name}/hello] GET / 200\n`), stdout);
      }
    }
  });

  await context.test("a second up changes nothing", async () => {
    const { stdout } = await kwasm.check(`up -d ${example}`, { stdout: applied("unchanged") });
    assert.doesNotMatch(stdout, / (?:created|configured)$/m);
    assert.equal(addressIn(stdout), address);
  });

  await context.test("when their cell is killed, all come back with the restart counted", async () => {
    const { cells, pid } = await kwasm.health();
    assert.ok(cells.every((cell) => processTree(pid).includes(cell.pid)));
    for (const cell of cells) process.kill(cell.pid, "SIGKILL");
    const pods = await kwasm.podsOnce("restarted once", (now) => areReady(now, 3, 1));
    assert.match((await kwasm.run(["get", "pods"])).stdout, /\n(?:\S+ +1\/1 +Running +1 \(\d+s ago\) .*\n){3}$/);
    await checkAllAnswer(address, pods);
  });

  await context.test("when control is killed, the next command starts it again with the same pods", async () => {
    const before = await kwasm.pods();
    const { pid } = await kwasm.health();
    const processes = processTree(pid);
    process.kill(pid, "SIGKILL");
    const after = await kwasm.podsOnce("restarted again", (pods) => areReady(pods, 3, 2));
    assert.deepEqual(
      after.map(({ metadata }) => metadata.uid),
      before.map(({ metadata }) => metadata.uid),
    );
    await until("the former processes are gone", () => !processes.some(isAlive));
    await checkAllAnswer(address, after);
  });

  await context.test("it is scaled to fifty and back", async () => {
    await kwasm.check("scale deploy/hello-wasm --replicas=50", { stdout: `${deploymentName} scaled\n` });
    await kwasm.podsOnce("fifty are ready", (pods) => areReady(pods, 50));
    await kwasm.check("get deploy hello-wasm", { stdout: /\nhello-wasm +50\/50 +50 +50 +/ });
    await kwasm.check("scale deploy/hello-wasm --replicas=3", {});
    await checkAllAnswer(address, await kwasm.podsOnce("three are left", (pods) => areReady(pods, 3)));
  });

  await context.test("a changed manifest is rolled out while the Service answers every request", async () => {
    const before = new Set((await kwasm.pods()).map(({ metadata }) => metadata.uid));
    const folder = join(kwasm.directory, "changed");
    cpSync(join(root, example), folder, { recursive: true });
    const path = join(folder, "quickstart.yaml");
    const manifest = readFileSync(path, "utf8");
    writeFileSync(path, manifest.replace("memory: 32Mi", "memory: 48Mi"));

    const rollout = kwasm.run(["up", "-d", folder]);
    const over = new AbortController();
    void rollout.finally(() => over.abort());
    const answers: string[] = [];
    while (!over.signal.aborted) answers.push(await ask(address));
    const { code, stdout, stderr } = await rollout;
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, applied("configured"));
    assert.deepEqual(
      answers.filter((answer) => !/^Hello from hello-wasm-\w+-\w+\n$/.test(answer)),
      [],
    );
    const pods = await kwasm.podsOnce("the new ones are ready", (now) => areReady(now, 3, 0));
    assert.ok(pods.every(({ metadata }) => !before.has(metadata.uid)));
    await checkAllAnswer(address, pods);
  });

  await context.test("delete -f ends what the manifest describes", async () => {
    await kwasm.check(`delete -f ${example}`, {
      stdout: `service "hello-wasm" deleted from default namespace
deployment.apps "hello-wasm" deleted from default namespace
runtimeclass.node.k8s.io "wasmtime" deleted
`,
    });
    await kwasm.podsOnce("no pod is left", (pods) => pods.length === 0);
    assert.match(await ask(address), /^failed: .*ECONNREFUSED/);
    await kwasm.check("get all", { stdout: "", stderr: "No resources found in default namespace.\n" });
  });

  await context.test("down leaves neither processes nor mounts, and images and control's log only", async () => {
    const { pid } = await kwasm.health();
    const processes = processTree(pid);
    await kwasm.check("down", { stdout: "" });
    await until("no process is left", () => !processes.some(isAlive));
    assert.deepEqual(readdirSync(kwasm.stateDirectory).toSorted(), ["control.log", "images"]);
    assert.ok(!readFileSync("/proc/self/mounts", "utf8").includes(kwasm.directory));
    await kwasm.check("get pods", { stdout: "", stderr: "No resources found in default namespace.\n" });
  });
});
