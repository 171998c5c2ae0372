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
  MetricsV1,
  MetricsV2,
  PidResponse,
  PidsResponse,
  ProcessRequest,
  StateResponse,
  StatsResponse,
  taskStatus,
  WaitResponse,
} from "#proto";

import { readFifo, TestShim } from "./shim-fixture.ts";

const start = { request: ProcessRequest, response: PidResponse };
const state = { request: ProcessRequest, response: StateResponse };
const wait = { request: ProcessRequest, response: WaitResponse };
const kill = { request: KillRequest, response: Empty };
const remove = { request: ProcessRequest, response: DeleteResponse };
const stats = { request: ProcessRequest, response: StatsResponse };
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
    execFileSync("nsenter", [`--net=${networkPath}`, "cat", "/proc/net/tcp"], { encoding: "utf8" }).includes(":1F90 ");
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

test("memory is told as the host's kind of cgroup would", async () => {
  for (const cgroups of ["v1", "v2"] as const) {
    await using shim = await TestShim.start({ cgroups });
    await shim.create("a", { guest: "sleeper" });
    await shim.call("Start", start, { id: "a" });
    const { stats: metrics } = await shim.call("Stats", stats, { id: "a" });
    assert.equal(metrics?.typeUrl, `io.containerd.cgroups.${cgroups}.Metrics`);
    const value = metrics?.value ?? new Uint8Array();
    const memory = cgroups === "v1" ? MetricsV1.decode(value).memory?.usage : MetricsV2.decode(value).memory;
    assert.equal(memory?.usage, 65_536n);
  }
});

test("each task has a process to show, and containerd's housekeeping is answered", async () => {
  await using shim = await TestShim.start();
  await shim.create("a");
  const pids = { request: ProcessRequest, response: PidsResponse };
  assert.equal((await shim.call("Pids", pids, { id: "a" })).processes.length, 1);
  for (const name of ["Shutdown", "CloseIO", "ResizePty"]) await shim.call(name, nothing, { id: "a" });
  for (const name of ["Exec", "Pause", "Resume", "Checkpoint", "Update"]) {
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
  const names = fc.constantFrom("State", "Create", "Start", "Delete", "Pids", "Kill", "Wait", "Stats", "Exec", "None");
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
