import assert from "node:assert/strict";
import { existsSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import wabt from "wabt";
import { annotations, parseMappedPorts } from "#api";
import { buildImage, openStore } from "#image";
import { connect, connectIfRunning, down } from "../client/connect.ts";
import type { LocalClient } from "../client/local-client.ts";
import type { ContainerStatus, Pod } from "../kinds/index.ts";
import { makeContainer, makeDeployment, makePod, makeService } from "../testing/objects.ts";

const state = mkdtempDisposableSync(join(tmpdir(), "kwasm-daemon-"));
const daemonCommand = [fileURLToPath(new URL("../testing/daemon-main.ts", import.meta.url)), state.path];
const port = { containerPort: 8080, protocol: "TCP" } as const;

function connectHere(): Promise<LocalClient> {
  return connect({ stateDir: state.path, daemonCommand });
}

async function fetchText(address: string, portNumber: number, path = "/"): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = get({ host: address, port: portNumber, path, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      text += chunk;
    });
    response.on("end", () => resolve(text));
  });
  request.on("error", reject);
  return promise;
}

async function addressOf(client: LocalClient, service: string): Promise<[address: string, port: number]> {
  const [object] = await client.list({ kind: "Service", namespace: "default", name: service });
  assert(object?.kind === "Service");
  const mapped = parseMappedPorts(object.metadata.annotations[annotations.mappedPorts]);
  return [object.spec.clusterIP ?? "", mapped.get(8080) ?? 8080];
}

async function waitForContainer(
  client: LocalClient,
  name: string,
  isWanted: (status: ContainerStatus) => boolean,
): Promise<Pod> {
  for await (const line of client.watch({ kind: "Pod", namespace: "default", name })) {
    const status = line.type !== "SYNCED" && line.object.kind === "Pod" ? line.object.status : undefined;
    const container = status?.containerStatuses[0];
    if (line.type !== "SYNCED" && line.object.kind === "Pod" && container !== undefined && isWanted(container)) {
      return line.object;
    }
  }
  throw new Error("control ended");
}

/** An ended process that its parent has not asked for yet is a zombie (`Z`), which runs nothing. */
function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false;
  return !/^\d+ \(.*\) [ZX]/u.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

/** Which processes run on. The kernel closes an ending one's sockets first and marks it as ended a moment later. */
async function leftOf(processes: Readonly<Record<string, readonly number[]>>): Promise<unknown[]> {
  for (let looks = 0; looks < 100 && Object.values(processes).flat().some(isAlive); looks++) await sleep(20);
  return Object.entries(processes).filter(([, pids]) => pids.some(isAlive));
}

before(async () => {
  const assembler = await wabt();
  const text = readFileSync(new URL("./testdata/hello.wat", import.meta.url), "utf8");
  const source = join(state.path, "hello.wasm");
  writeFileSync(source, assembler.parseWat("hello.wat", text).toBinary({}).buffer);
  await buildImage({ source, name: "hello", store: openStore(join(state.path, "images")) });
});

after(async () => {
  await down(state.path);
  state.remove();
});

test("real guests of a deployment answer through their service and write logs", async () => {
  const client = await connectHere();
  await client.apply([
    makeDeployment("web", 3, { containers: [makeContainer({ ports: [port] })] }),
    makeService("web", 8080),
  ]);
  await client.waitForRollout("default", "web");
  await client.settle();
  const pods = await client.list({ kind: "Pod", namespace: "default" });
  const [address, portNumber] = await addressOf(client, "web");
  const names = new Set<string>();
  for (let round = 0; round < 3; round += 1) names.add((await fetchText(address, portNumber)).trim());
  assert.deepEqual(names, new Set(pods.map(({ metadata }) => metadata.name)));
  const [name = ""] = names;
  assert.deepEqual(await Array.fromAsync(client.logs({ namespace: "default", pod: name, follow: false })), [
    "served\n",
  ]);
});

test("a control process that was killed is followed by one with the same objects and counts", async () => {
  const first = await connectHere();
  const podsBefore = await first.list({ kind: "Pod", namespace: "default" });
  const { pid } = await first.health();
  const watching = first.watch({ kind: "Namespace" });
  await watching.next();
  process.kill(pid, "SIGKILL");
  await Array.fromAsync(watching);
  const client = await connectHere();
  await client.waitForRollout("default", "web");
  const pods = await client.list({ kind: "Pod", namespace: "default" });
  assert.deepEqual(
    pods.map(({ metadata }) => metadata.uid),
    podsBefore.map(({ metadata }) => metadata.uid),
  );
  for (const { metadata } of pods) {
    await waitForContainer(client, metadata.name, ({ restartCount, ready }) => restartCount === 1 && ready);
  }
});

test("a guest that ends and one that traps come back with the reason in their last state", async () => {
  const client = await connectHere();
  await client.apply([
    makePod("single", { containers: [makeContainer({ ports: [port] })] }),
    makeService("single", 8080),
  ]);
  await client.waitForPod("default", "single");
  await client.settle();
  const [address, portNumber] = await addressOf(client, "single");
  await fetchText(address, portNumber, "/exit").catch(String);
  const ended = await waitForContainer(client, "single", ({ restartCount, ready }) => restartCount === 1 && ready);
  assert.equal(ended.status?.containerStatuses[0]?.lastState.terminated?.exitCode, 7);
  await client.settle();
  await fetchText(address, portNumber, "/trap").catch(String);
  const trapped = await waitForContainer(
    client,
    "single",
    ({ state: { waiting } }) => waiting?.reason === "CrashLoopBackOff",
  );
  assert.equal(trapped.status?.containerStatuses[0]?.lastState.terminated?.exitCode, 134);
});

test("guests whose cell is killed come back with their restart counted", async () => {
  const client = await connectHere();
  const { cells } = await client.health();
  for (const cell of cells) process.kill(cell.pid, "SIGKILL");
  const [pod] = await client.list({ kind: "Pod", namespace: "default", labelSelector: "app=web" });
  const name = pod?.metadata.name ?? "";
  const back = await waitForContainer(client, name, ({ restartCount, ready }) => restartCount === 2 && ready);
  assert.notEqual(back.status?.containerStatuses[0]?.lastState.terminated?.message, undefined);
});

test("fifty replicas of a real guest run, and the control process answers meanwhile", async () => {
  const client = await connectHere();
  await client.scale({ namespace: "default", name: "web", replicas: 50 });
  await client.health();
  const deployment = await client.waitForRollout("default", "web");
  assert.equal(deployment.status?.readyReplicas, 50);
});

test("down ends every process, and a later look finds nothing", async () => {
  const client = await connectHere();
  const { pid, balancerPid = 0, cells } = await client.health();
  await down(state.path);
  assert.equal(await connectIfRunning(state.path), undefined);
  const processes = { control: [pid], balancer: [balancerPid], cells: cells.map((cell) => cell.pid) };
  assert.deepEqual(await leftOf(processes), []);
  const next = await connectHere();
  assert.deepEqual(await next.list({ kind: "Pod" }), []);
});
