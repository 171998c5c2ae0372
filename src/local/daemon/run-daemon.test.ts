import assert from "node:assert/strict";
import { existsSync, mkdtempDisposableSync, readdirSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { annotations, parseMappedPorts } from "#api";
import { silentLog } from "#base";
import { connectIfRunning } from "../client/connect.ts";
import type { LocalClient } from "../client/local-client.ts";
import type { Pod, Service } from "../kinds/index.ts";
import { type FakeBehaviour, FakeRuntime } from "../testing/fake-runtime.ts";
import { fakeImages } from "../testing/fake-images.ts";
import { makeConfigMap, makeContainer, makeDeployment, makePod, makeService } from "../testing/objects.ts";
import { type Daemon, runDaemon } from "./run-daemon.ts";

interface Rig extends AsyncDisposable {
  readonly daemon: Daemon;
  readonly runtime: FakeRuntime;
  readonly client: LocalClient;
  readonly images: Set<string>;
}

async function startRig(stateDir: string, behave?: FakeBehaviour): Promise<Rig> {
  const runtime = new FakeRuntime(behave);
  const images = new Set(["hello"]);
  const daemon = await runDaemon({
    stateDir,
    imagesDir: join(stateDir, "images"),
    version: "test",
    createRuntime: () => runtime,
    images: fakeImages(images, stateDir),
    log: silentLog,
  });
  const client = await connectIfRunning(stateDir);
  assert(client !== undefined);
  return { daemon, runtime, client, images, [Symbol.asyncDispose]: () => daemon.close() };
}

function temporaryState(): ReturnType<typeof mkdtempDisposableSync> {
  return mkdtempDisposableSync(join(tmpdir(), "kwasm-local-"));
}

async function fetchText(address: string, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  get({ host: address, port, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => (text += chunk));
    response.on("end", () => resolve(text));
  }).on("error", reject);
  return promise;
}

async function podsOf(client: LocalClient): Promise<readonly Pod[]> {
  const pods = await client.list({ kind: "Pod", namespace: "default" });
  return pods.filter((object) => object.kind === "Pod");
}

/** Resolves with the first state of the object that satisfies `isWanted`. */
async function waitForPodWhere(client: LocalClient, name: string, isWanted: (pod: Pod) => boolean): Promise<Pod> {
  for await (const line of client.watch({ kind: "Pod", namespace: "default", name })) {
    if (line.type !== "SYNCED" && line.object.kind === "Pod" && isWanted(line.object)) return line.object;
  }
  throw new Error("control ended");
}

async function waitForService(
  client: LocalClient,
  name: string,
  isWanted: (service: Service) => boolean,
): Promise<Service> {
  for await (const line of client.watch({ kind: "Service", namespace: "default", name })) {
    if (line.type !== "SYNCED" && line.object.kind === "Service" && isWanted(line.object)) return line.object;
  }
  throw new Error("control ended");
}

test("a deployment's pods run, and its service reaches all of them", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  const objects = [makeDeployment("web", 3), makeService("web", 8080)];
  const results = await rig.client.apply(objects);
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ["created", "created"],
  );
  await rig.client.waitForRollout("default", "web");
  const pods = await podsOf(rig.client);
  assert.equal(new Set(pods.map(({ status }) => status?.podIP)).size, 3);
  const service = await waitForService(rig.client, "web", ({ spec }) => spec.clusterIP !== undefined);
  const port = parseMappedPorts(service.metadata.annotations[annotations.mappedPorts]).get(8080) ?? 8080;
  await rig.client.settle();
  const answers: string[] = [];
  for (let round = 0; round < 3; round += 1) answers.push(await fetchText(service.spec.clusterIP ?? "", port));
  assert.deepEqual(new Set(answers), new Set(pods.map(({ metadata }) => metadata.uid)));
});

test("a second apply changes only what differs", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  const deployment = makeDeployment("web", 2);
  await rig.client.apply([deployment, makeService("web", 8080)]);
  await rig.client.waitForRollout("default", "web");
  const before = await podsOf(rig.client);
  const again = await rig.client.apply([deployment, makeService("web", 8080)]);
  assert.deepEqual(
    again.map(({ outcome }) => outcome),
    ["unchanged", "unchanged"],
  );
  const changed = makeDeployment("web", 2, { containers: [makeContainer({ env: [{ name: "NEW", value: "1" }] })] });
  const third = await rig.client.apply([changed, makeService("web", 8080)]);
  assert.deepEqual(
    third.map(({ outcome }) => outcome),
    ["configured", "unchanged"],
  );
  await rig.client.waitForRollout("default", "web");
  const after = (await podsOf(rig.client)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  assert.equal(after.length, 2);
  assert(after.every((pod) => !before.some(({ metadata }) => metadata.uid === pod.metadata.uid)));
});

test("fifty replicas come up and go down to none", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  await rig.client.apply([makeDeployment("web", 1)]);
  await rig.client.scale({ namespace: "default", name: "web", replicas: 50 });
  const deployment = await rig.client.waitForRollout("default", "web");
  assert.equal(deployment.status?.readyReplicas, 50);
  await rig.client.scale({ namespace: "default", name: "web", replicas: 0 });
  await rig.client.waitForRollout("default", "web");
});

test("an ended guest is started again and counted, with its last state", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  await rig.client.apply([makePod("one")]);
  await rig.client.waitForPod("default", "one");
  const [first] = rig.runtime.started;
  rig.runtime.exit(first?.id ?? "", 137, "OOMKilled");
  const pod = await waitForPodWhere(
    rig.client,
    "one",
    ({ status }) => status?.containerStatuses[0]?.restartCount === 1 && status.containerStatuses[0].ready,
  );
  assert.equal(pod.status?.containerStatuses[0]?.lastState.terminated?.reason, "OOMKilled");
  const { events } = await rig.client.describe({ kind: "Pod", namespace: "default", name: "one" });
  assert(events.some(({ reason }) => reason === "OOMKilled"));
});

test("a guest that keeps ending waits longer and longer", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path, () => ({ exitCode: 1 }));
  await rig.client.apply([makePod("one")]);
  const pod = await waitForPodWhere(
    rig.client,
    "one",
    ({ status }) => status?.containerStatuses[0]?.state.waiting?.reason === "CrashLoopBackOff",
  );
  assert.match(pod.status?.containerStatuses[0]?.state.waiting?.message ?? "", /back-off 10s/);
});

test("a pod of an absent image says how to build it, and starts once it is there", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  const pod = makePod("one", { containers: [makeContainer({ image: "later" })] });
  await rig.client.apply([pod]);
  const waiting = await waitForPodWhere(
    rig.client,
    "one",
    ({ status }) => status?.containerStatuses[0]?.state.waiting?.reason === "ErrImagePull",
  );
  assert.match(waiting.status?.containerStatuses[0]?.state.waiting?.message ?? "", /kwasm build/);
  rig.images.add("later");
  await rig.client.apply([pod]);
  await rig.client.waitForPod("default", "one");
});

test("what ran goes on after control was away, with its restart counted", async () => {
  using state = temporaryState();
  {
    await using rig = await startRig(state.path);
    await rig.client.apply([makeDeployment("web", 2)]);
    await rig.client.waitForRollout("default", "web");
  }
  await using rig = await startRig(state.path);
  await rig.client.waitForRollout("default", "web");
  const pods = await podsOf(rig.client);
  assert.equal(pods.length, 2);
  for (const pod of pods) {
    const settled = await waitForPodWhere(
      rig.client,
      pod.metadata.name,
      ({ status }) => status?.containerStatuses[0]?.ready === true,
    );
    assert.equal(settled.status?.containerStatuses[0]?.restartCount, 1);
    assert.equal(settled.status?.containerStatuses[0]?.lastState.terminated?.reason, "ContainerStatusUnknown");
    assert.equal(settled.status?.podIP, pod.status?.podIP);
  }
});

test("only one control process has a state folder", async () => {
  using state = temporaryState();
  await using _rig = await startRig(state.path);
  await assert.rejects(startRig(state.path), { code: "failed-precondition" });
});

test("down ends everything and leaves nothing that starts again", async () => {
  using state = temporaryState();
  const rig = await startRig(state.path);
  await rig.client.apply([makeDeployment("web", 2)]);
  await rig.client.waitForRollout("default", "web");
  const downCall = rig.client.down({ keepObjects: false });
  await rig.daemon.closed;
  rig.daemon.releaseCallers();
  await downCall;
  assert.equal(rig.runtime.sandboxes.size, 0);
  assert.deepEqual(readdirSync(state.path), []);
});

test("logs show the run's lines, and the run before with previous", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  await rig.client.apply([makePod("one")]);
  await rig.client.waitForPod("default", "one");
  const request = { namespace: "default", pod: "one" };
  const first = (await Array.fromAsync(rig.client.logs(request))).join("");
  assert.match(first, /^hello from .*_app_0\n$/);
  const following = rig.client.logs({ ...request, follow: true });
  assert.equal((await following.next()).value, first);
  rig.runtime.exit(rig.runtime.started[0]?.id ?? "", 1);
  assert.equal((await following.next()).done, true);
  await waitForPodWhere(
    rig.client,
    "one",
    ({ status }) => status?.containerStatuses[0]?.restartCount === 1 && status.containerStatuses[0].ready,
  );
  assert.match((await Array.fromAsync(rig.client.logs(request))).join(""), /_app_1\n$/);
  assert.equal((await Array.fromAsync(rig.client.logs({ ...request, previous: true }))).join(""), first);
});

test("a changed ConfigMap shows in the volumes of running pods", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  const volumes = [{ name: "config", configMap: { name: "settings", items: [], defaultMode: 0o644 } }];
  const container = makeContainer({ volumeMounts: [{ name: "config", mountPath: "/config", readOnly: false }] });
  await rig.client.apply([
    makeConfigMap("settings", { color: "red" }),
    makePod("one", { containers: [container], volumes }),
  ]);
  await rig.client.waitForPod("default", "one");
  const mount = rig.runtime.started[0]?.mounts.find(({ guestPath }) => guestPath === "/config");
  assert.equal(mount?.readOnly, true);
  const path = join(mount?.hostPath ?? "", "color");
  assert.equal(readFileSync(path, "utf8"), "red");
  await rig.client.apply([makeConfigMap("settings", { color: "blue" })]);
  // The write begins within the call; an apply that waits for a new pod's mount proves it ended.
  await rig.client.apply([makePod("two", { containers: [container], volumes })]);
  await rig.client.waitForPod("default", "two");
  assert.equal(readFileSync(path, "utf8"), "blue");
});

test("a pod that is deleted ends within its grace and takes its files along", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path, () => ({ ignoresTerm: true }));
  await rig.client.apply([makePod("one")]);
  const pod = await rig.client.waitForPod("default", "one");
  const key = { kind: "Pod", namespace: "default", name: "one" };
  await rig.client.delete({ keys: [key] });
  await rig.client.waitUntilGone(key);
  assert.deepEqual(
    rig.runtime.killed.map(([, signal]) => signal),
    ["SIGTERM", "SIGKILL"],
  );
  assert.equal(existsSync(rig.daemon.paths.podDir(pod.metadata.uid ?? "")), false);
});

test("a namespace goes with all that is in it", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  const namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "team", labels: {}, annotations: {} },
  } as const;
  const deployment = makeDeployment("web", 2);
  await rig.client.apply([namespace, { ...deployment, metadata: { ...deployment.metadata, namespace: "team" } }]);
  await rig.client.waitForRollout("team", "web");
  await rig.client.delete({ keys: [{ kind: "Namespace", name: "team" }] });
  await rig.client.waitUntilGone({ kind: "Namespace", name: "team" });
  assert.deepEqual(await rig.client.list({ kind: "Pod" }), []);
});

const checkEachSecond = {
  httpGet: { path: "/", port: 8080, scheme: "HTTP", httpHeaders: [] },
  initialDelaySeconds: 0,
  timeoutSeconds: 1,
  periodSeconds: 1,
  successThreshold: 1,
  failureThreshold: 1,
} as const;

test("a pod whose readiness probe fails gets no connections until it passes", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  rig.runtime.status = 500;
  await rig.client.apply([makePod("one", { containers: [makeContainer({ readinessProbe: checkEachSecond })] })]);
  const early = await waitForPodWhere(
    rig.client,
    "one",
    ({ status }) => status?.containerStatuses[0]?.state.running !== undefined,
  );
  assert.equal(early.status?.containerStatuses[0]?.ready, false);
  rig.runtime.status = 200;
  await rig.client.waitForPod("default", "one");
});

test("a container whose liveness probe fails is ended and started again, with the reason in its events", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  await rig.client.apply([makePod("one", { containers: [makeContainer({ livenessProbe: checkEachSecond })] })]);
  await rig.client.waitForPod("default", "one");
  rig.runtime.status = 500;
  await waitForPodWhere(rig.client, "one", ({ status }) => status?.containerStatuses[0]?.restartCount === 1);
  const { events } = await rig.client.describe({ kind: "Pod", namespace: "default", name: "one" });
  const messages = new Set(events.map(({ reason, message }) => `${reason}: ${message}`));
  assert(messages.has("Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 500"));
  assert(messages.has("Killing: Container app failed liveness probe, will be restarted"));
});

test("an answer is refused with its reason: unknown kinds, names that lead elsewhere, too many replicas", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  const pod = makePod("one");
  const lead = { ...pod, metadata: { ...pod.metadata, name: "../../etc" } };
  await assert.rejects(rig.client.apply([lead]), { name: "KwasmError", code: "invalid-argument" });
  await assert.rejects(rig.client.delete({ keys: [{ kind: "Node", name: "x" }] }), { code: "invalid-argument" });
  await assert.rejects(rig.client.describe({ kind: "Pod", namespace: "default", name: "none" }), { code: "not-found" });
  await rig.client.apply([makeDeployment("web", 0)]);
  await assert.rejects(rig.client.scale({ namespace: "default", name: "web", replicas: 10_001 }), {
    code: "invalid-argument",
  });
});

test("a second delete with less grace ends a guest that does not heed the first", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path, () => ({ ignoresTerm: true }));
  await rig.client.apply([makePod("stubborn")]);
  await waitForPodWhere(rig.client, "stubborn", (pod) => pod.status?.phase === "Running");
  const keys = [{ kind: "Pod", namespace: "default", name: "stubborn" }] as const;
  await rig.client.delete({ keys, graceSeconds: 3_600 });
  await rig.client.delete({ keys, graceSeconds: 0 });
  await rig.client.waitUntilGone(keys[0]);
  // Whether it was asked nicely before depends on how far its draining had come.
  assert.equal(rig.runtime.killed.at(-1)?.[1], "SIGKILL");
});

test("pods of a deleted deployment go also where another one takes its name at once", async () => {
  using state = temporaryState();
  await using rig = await startRig(state.path);
  await rig.client.apply([makeDeployment("web", 1)]);
  await rig.client.waitForRollout("default", "web");
  const [old] = await podsOf(rig.client);
  assert(old !== undefined);
  const keys = [{ kind: "Deployment", namespace: "default", name: "web" }];
  await Promise.all([rig.client.delete({ keys }), rig.client.apply([makeDeployment("web", 2)])]);
  await rig.client.waitUntilGone({ kind: "Pod", namespace: "default", name: old.metadata.name });
});
