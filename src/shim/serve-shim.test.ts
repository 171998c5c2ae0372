import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import * as fc from "fast-check";

import { KwasmError } from "#base";
import {
  DeleteResponse,
  Empty,
  KillRequest,
  type MessageValue,
  MetricsV1,
  MetricsV2,
  PidResponse,
  PidsResponse,
  ProcessRequest,
  StateResponse,
  StatsResponse,
  taskStatus,
  UpdateTaskRequest,
  WaitResponse,
} from "#proto";

import { readFifo, TestShim } from "./shim-fixture.ts";

const start = { request: ProcessRequest, response: PidResponse };
const state = { request: ProcessRequest, response: StateResponse };
const wait = { request: ProcessRequest, response: WaitResponse };
const kill = { request: KillRequest, response: Empty };
const remove = { request: ProcessRequest, response: DeleteResponse };
const stats = { request: ProcessRequest, response: StatsResponse };
const update = { request: UpdateTaskRequest, response: Empty };
const nothing = { request: ProcessRequest, response: Empty };

test("a container runs to its end as containerd asks for it, and tells it in order", async () => {
  await using shim = await TestShim.start();
  await shim.takeEvents();
  const { stdout, bundle } = await shim.create("a");
  const created = await shim.call("State", state, { id: "a" });
  assert.deepEqual([created.status, created.bundle, created.stdout], [taskStatus.created, bundle, stdout]);
  const output = readFifo(stdout);
  const waiting = shim.call("Wait", wait, { id: "a" });
  await shim.call("Start", start, { id: "a" });
  assert.equal((await waiting).exitStatus, 3);
  assert.equal(await output, "hello\n");
  const stopped = await shim.call("State", state, { id: "a" });
  assert.deepEqual([stopped.status, stopped.exitStatus], [taskStatus.stopped, 3]);
  const deleted = await shim.call("Delete", remove, { id: "a" });
  assert.equal(deleted.exitStatus, 3);
  assert.deepEqual(
    await shim.whenEvents(4),
    ["create", "start", "exit", "delete"].map((what) => `default/tasks/${what}`),
  );
  await assert.rejects(shim.call("State", state, { id: "a" }), { code: "not-found" });
});

test("a container that runs is ended by a signal and cannot be deleted before", async () => {
  await using shim = await TestShim.start();
  await shim.create("a", { guest: "sleeper" });
  await shim.call("Start", start, { id: "a" });
  await assert.rejects(shim.call("Delete", remove, { id: "a" }), { code: "failed-precondition" });
  // SIGWINCH ends nothing.
  await shim.call("Kill", kill, { id: "a", signal: 28 });
  assert.equal((await shim.call("State", state, { id: "a" })).status, taskStatus.running);
  await shim.call("Kill", kill, { id: "a", signal: 15 });
  assert.equal((await shim.call("Wait", wait, { id: "a" })).exitStatus, 143);
  await assert.rejects(shim.call("Kill", kill, { id: "a", signal: 9 }), { code: "not-found" });
});

test("a container that never started is deleted with what it holds", async () => {
  await using shim = await TestShim.start();
  await shim.create("a");
  await shim.call("Delete", remove, { id: "a" });
  await assert.rejects(shim.call("Start", start, { id: "a" }), { code: "not-found" });
});

const pod = { "io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-namespace": "shop" };

test("a pod's place runs without a process until it is ended", async () => {
  await using shim = await TestShim.start();
  await shim.create("pod", { annotations: pod });
  await shim.call("Start", start, { id: "pod" });
  await shim.create("app", { guest: "sleeper", annotations: { "io.kubernetes.cri.sandbox-id": "pod" } });
  await shim.call("Start", start, { id: "app" });
  await shim.call("Kill", kill, { id: "app", signal: 9, all: true });
  assert.equal((await shim.call("Wait", wait, { id: "app" })).exitStatus, 137);
  await shim.call("Delete", remove, { id: "app" });
  assert.equal((await shim.call("State", state, { id: "pod" })).status, taskStatus.running);
  await shim.call("Kill", kill, { id: "pod", signal: 9 });
  assert.equal((await shim.call("Delete", remove, { id: "pod" })).exitStatus, 137);
});

test("a container whose pod is not there is refused", async () => {
  await using shim = await TestShim.start();
  const annotations = { "io.kubernetes.cri.sandbox-id": "gone" };
  await assert.rejects(shim.create("app", { annotations }), { code: "failed-precondition", message: /"gone"/u });
});

test("a pod's ports are opened in its network and closed at its container's deletion", async () => {
  const holder = spawn("unshare", ["--net", "sh", "-c", "echo ready; read -r end"]);
  await once(holder.stdout, "data");
  const networkPath = `/proc/${String(holder.pid)}/ns/net`;
  const isListening = (): boolean =>
    execFileSync("nsenter", [`--net=${networkPath}`, "cat", "/proc/net/tcp6"], { encoding: "utf8" }).includes(":1F90 ");
  {
    await using shim = await TestShim.start();
    await shim.create("pod", { annotations: pod, networkPath });
    const ports = JSON.stringify([{ containerPort: 8080, protocol: "TCP" }]);
    await shim.create("app", {
      // What containerd writes for an app container leads to the process of a pause container.
      networkPath: "/proc/0/ns/net",
      annotations: { "io.kubernetes.cri.sandbox-id": "pod", "io.kubernetes.container.ports": ports },
    });
    assert.ok(isListening());
    await shim.call("Delete", remove, { id: "app" });
    assert.ok(!isListening());
  }
  holder.stdin.end();
  await once(holder, "exit");
});

test("events wait for a containerd that is away", async () => {
  await using shim = await TestShim.start();
  await shim.create("pod", { annotations: pod });
  await shim.call("Start", start, { id: "pod" });
  await shim.takeEvents();
  assert.deepEqual(await shim.whenEvents(2), ["default/tasks/create", "default/tasks/start"]);
});

async function readStats(shim: TestShim, id: string, cgroups: "v1" | "v2" = "v1"): Promise<Uint8Array> {
  const { stats: metrics } = await shim.call("Stats", stats, { id });
  assert.equal(metrics?.typeUrl, `io.containerd.cgroups.${cgroups}.Metrics`);
  return metrics.value;
}

test("what a guest uses is told as version 1 of cgroups would", async () => {
  await using shim = await TestShim.start({ cgroups: "v1" });
  await shim.create("a", { guest: "sleeper" });
  await shim.call("Start", start, { id: "a" });
  const metrics = MetricsV1.decode(await readStats(shim, "a"));
  const total = metrics.cpu?.usage?.total ?? 0n;
  assert.ok(total > 0n);
  assert.deepEqual(metrics, {
    pids: { current: 1n, limit: 0n },
    cpu: { usage: { total, user: total } },
    memory: {
      rss: 65_536n,
      activeAnon: 65_536n,
      hierarchicalMemoryLimit: 1_048_576n,
      totalRss: 65_536n,
      totalActiveAnon: 65_536n,
      usage: { usage: 65_536n, limit: 1_048_576n },
    },
    memoryOomControl: { oomKill: 0n },
  });
});

test("what a guest uses is told as version 2 of cgroups would", async () => {
  await using shim = await TestShim.start({ cgroups: "v2" });
  await shim.create("a", { guest: "sleeper" });
  await shim.call("Start", start, { id: "a" });
  const metrics = MetricsV2.decode(await readStats(shim, "a", "v2"));
  const usageUsec = metrics.cpu?.usageUsec ?? 0n;
  assert.ok(usageUsec > 0n);
  assert.deepEqual(metrics, {
    pids: { current: 1n, limit: 0n },
    cpu: { usageUsec, userUsec: usageUsec },
    memory: { anon: 65_536n, activeAnon: 65_536n, usage: 65_536n, usageLimit: 1_048_576n },
    memoryEvents: { max: 0n, oom: 0n, oomKill: 0n },
  });
});

test("a guest that has ended has no memory and keeps its time", async () => {
  await using shim = await TestShim.start();
  await shim.create("a");
  assert.equal(MetricsV1.decode(await readStats(shim, "a")).cpu?.usage?.total, 0n);
  await shim.call("Start", start, { id: "a" });
  await shim.call("Wait", wait, { id: "a" });
  const ended = await readStats(shim, "a");
  const { pids, cpu, memory } = MetricsV1.decode(ended);
  assert.ok((cpu?.usage?.total ?? 0n) > 0n);
  assert.deepEqual([pids?.current, memory?.usage?.usage], [0n, 0n]);
  assert.deepEqual(await readStats(shim, "a"), ended);
});

test("a pod's place uses nothing and says so", async () => {
  await using shim = await TestShim.start();
  await shim.create("pod", { annotations: pod });
  await shim.call("Start", start, { id: "pod" });
  const { pids, cpu, memory } = MetricsV1.decode(await readStats(shim, "pod"));
  assert.deepEqual([pids?.current, cpu?.usage?.total, memory?.usage?.usage], [1n, 0n, 0n]);
  await shim.call("Update", update, { id: "pod", resources: resourcesOf({ cpu: { shares: 2 } }) });
  await assert.rejects(shim.call("Pause", nothing, { id: "pod" }), { code: "unsupported", message: /its containers/u });
});

/** As containerd writes them; kubelet's ask for all limits each time, with every device denied. */
function resourcesOf(limits: object): MessageValue<typeof UpdateTaskRequest>["resources"] {
  const resources = { devices: [{ allow: false, access: "rwm" }], ...limits };
  const typeUrl = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";
  return { typeUrl, value: Buffer.from(JSON.stringify(resources)) };
}

test("limits change as kubelet asks for it, memory before processors, and again without harm", async () => {
  await using shim = await TestShim.start();
  await shim.create("a", { guest: "sleeper" });
  await shim.call("Start", start, { id: "a" });
  const memory = { limit: 2 * 1_048_576 };
  const changes = [{ memory }, { memory, cpu: { shares: 512, quota: 50_000, period: 100_000 } }];
  for (const limits of [...changes, ...changes]) {
    await shim.call("Update", update, { id: "a", resources: resourcesOf(limits) });
  }
  assert.equal(MetricsV1.decode(await readStats(shim, "a")).memory?.usage?.limit, 2_097_152n);
  await assert.rejects(shim.call("Update", update, { id: "a", resources: resourcesOf({ memory: { limit: 4_096 } }) }), {
    code: "failed-precondition",
    message: /"4096".*"65536"/u,
  });
  assert.equal(MetricsV1.decode(await readStats(shim, "a")).memory?.usage?.limit, 2_097_152n);
  await assert.rejects(shim.call("Update", update, { id: "a" }), { code: "invalid-argument" });
  await shim.call("Kill", kill, { id: "a", signal: 9 });
  await assert.rejects(shim.call("Update", update, { id: "a", resources: resourcesOf({}) }), { code: "not-found" });
});

test("a module that begins with more than its limit fails its start with both numbers", async () => {
  await using shim = await TestShim.start();
  await shim.create("a", { guest: "sleeper" });
  await shim.call("Update", update, { id: "a", resources: resourcesOf({ memory: { limit: 4_096 } }) });
  await assert.rejects(shim.call("Start", start, { id: "a" }), {
    code: "failed-precondition",
    message: /"65536" bytes of memory.*"4096"/u,
  });
});

test("a task is paused, told so, not deleted meanwhile, resumed and ended", async () => {
  await using shim = await TestShim.start();
  await shim.takeEvents();
  await shim.create("a", { guest: "sleeper" });
  await assert.rejects(shim.call("Pause", nothing, { id: "a" }), { code: "failed-precondition" });
  await shim.call("Start", start, { id: "a" });
  for (const [name, status] of [
    ["Pause", taskStatus.paused],
    ["Pause", taskStatus.paused],
    ["Resume", taskStatus.running],
    ["Resume", taskStatus.running],
    ["Pause", taskStatus.paused],
  ] as const) {
    await shim.call(name, nothing, { id: "a" });
    assert.equal((await shim.call("State", state, { id: "a" })).status, status);
  }
  assert.equal(MetricsV1.decode(await readStats(shim, "a")).pids?.current, 1n);
  await shim.call("Update", update, { id: "a", resources: resourcesOf({ memory: { limit: 2_097_152 } }) });
  await assert.rejects(shim.call("Delete", remove, { id: "a" }), { code: "failed-precondition", message: /"paused"/u });
  await shim.call("Kill", kill, { id: "a", signal: 15 });
  assert.equal((await shim.call("Wait", wait, { id: "a" })).exitStatus, 143);
  await assert.rejects(shim.call("Resume", nothing, { id: "a" }), { code: "failed-precondition" });
  await shim.call("Delete", remove, { id: "a" });
  assert.deepEqual(
    (await shim.whenEvents(7)).slice(2),
    ["paused", "resumed", "paused", "exit", "delete"].map((what) => `default/tasks/${what}`),
  );
});

test("each task has a process to show, and containerd's housekeeping is answered", async () => {
  await using shim = await TestShim.start();
  await shim.create("a");
  const pids = { request: ProcessRequest, response: PidsResponse };
  assert.equal((await shim.call("Pids", pids, { id: "a" })).processes.length, 1);
  for (const name of ["Shutdown", "CloseIO", "ResizePty"]) await shim.call(name, nothing, { id: "a" });
  for (const name of ["Checkpoint"]) {
    await assert.rejects(shim.call(name, nothing, { id: "a" }), { code: "unsupported" });
  }
  await assert.rejects(shim.call("State", state, { id: "a", execId: "x" }), { code: "not-found" });
});

test("a module that cannot run fails its start with the reason, and is no exit", async () => {
  await using shim = await TestShim.start();
  await shim.takeEvents();
  await shim.create("a", { guest: "invalid" });
  await assert.rejects(shim.call("Start", start, { id: "a" }), {
    code: "failed-precondition",
    message: /"default\/a"/u,
  });
  assert.equal((await shim.call("State", state, { id: "a" })).status, taskStatus.stopped);
  await shim.call("Delete", remove, { id: "a" });
  assert.deepEqual(await shim.whenEvents(2), ["default/tasks/create", "default/tasks/delete"]);
});

test("a guest that wants more memory than its limit is told as killed for it", async () => {
  await using shim = await TestShim.start();
  await shim.takeEvents();
  await shim.create("a", { guest: "hungry" });
  await shim.call("Start", start, { id: "a" });
  assert.equal((await shim.call("Wait", wait, { id: "a" })).exitStatus, 137);
  assert.deepEqual(
    (await shim.whenEvents(4)).slice(1),
    ["start", "oom", "exit"].map((what) => `default/tasks/${what}`),
  );
  const { stats: metrics } = await shim.call("Stats", stats, { id: "a" });
  assert.equal(MetricsV1.decode(metrics?.value ?? new Uint8Array()).memoryOomControl?.oomKill, 1n);
});

test("any bytes as any request are answered by a typed error and harm nobody", async () => {
  await using shim = await TestShim.start();
  await shim.create("the-guest", { guest: "sleeper" });
  await shim.call("Start", start, { id: "the-guest" });
  const codes = new Set(["corrupt", "limit-exceeded", "not-found", "invalid-argument", "unsupported"]);
  const names = fc.constantFrom(
    "State",
    "Create",
    "Start",
    "Delete",
    "Pids",
    "Kill",
    "Wait",
    "Stats",
    "Update",
    "Pause",
    "Resume",
    "Exec",
    "None",
  );
  const requests = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(ProcessRequest.encode({ id: "b" })));
  await fc.assert(
    fc.asyncProperty(names, requests, async (name, bytes) => {
      const request = { ...ProcessRequest, encode: () => bytes };
      const error: unknown = await shim.call(name, { request, response: Empty }, {}).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof KwasmError && codes.has(error.code), `${name}: ${String(error)}`);
    }),
  );
  assert.equal((await shim.call("State", state, { id: "the-guest" })).status, taskStatus.running);
});
