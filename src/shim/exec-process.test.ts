import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import {
  DeleteResponse,
  Empty,
  ExecProcessRequest,
  KillRequest,
  type MessageValue,
  PidResponse,
  ProcessRequest,
  StateResponse,
  taskStatus,
  WaitResponse,
} from "#proto";

import { PROCESS_BYTES_MAX } from "./exec-command.ts";
import { EXECS_MAX } from "./exec-table.ts";
import { readFifo, TestShim } from "./shim-fixture.ts";

const PROCESS_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Process";
const start = { request: ProcessRequest, response: PidResponse };
const state = { request: ProcessRequest, response: StateResponse };
const wait = { request: ProcessRequest, response: WaitResponse };
const kill = { request: KillRequest, response: Empty };
const remove = { request: ProcessRequest, response: DeleteResponse };
const nothing = { request: ProcessRequest, response: Empty };

function processSpec(args: unknown): { typeUrl: string; value: Uint8Array } {
  return { typeUrl: PROCESS_TYPE, value: Buffer.from(JSON.stringify({ args, cwd: "/" })) };
}

async function runGuest(shim: TestShim, guest: "sleeper" | "spinner" = "sleeper") {
  const task = await shim.create("a", { guest });
  await shim.call("Start", start, { id: "a" });
  return task;
}

function addExec(
  shim: TestShim,
  execId: string,
  args: readonly string[],
  more: Partial<MessageValue<typeof ExecProcessRequest>> = {},
) {
  const types = { request: ExecProcessRequest, response: Empty };
  return shim.call("Exec", types, { id: "a", execId, spec: processSpec(args), ...more });
}

async function statusOf(shim: TestShim, execId: string): Promise<number> {
  return (await shim.call("State", state, { id: "a", execId })).status;
}

for (const guest of ["sleeper", "spinner"] as const) {
  test(`a ${guest} is looked into as containerd asks for a process, which is told in order`, async () => {
    await using shim = await TestShim.start();
    await shim.takeEvents();
    const { bundle } = await runGuest(shim, guest);
    writeFileSync(join(bundle, "rootfs/note"), "written\n");
    const [stdout, stderr] = [shim.makeFifo("out"), shim.makeFifo("err")];
    await addExec(shim, "x", ["/kwasm", "cat", "note", "none"], { stdout, stderr });
    const output = Promise.all([readFifo(stdout), readFifo(stderr)]);
    const waiting = shim.call("Wait", wait, { id: "a", execId: "x" });
    assert.equal(await statusOf(shim, "x"), taskStatus.created);
    await shim.call("Start", start, { id: "a", execId: "x" });
    assert.equal((await waiting).exitStatus, 1);
    assert.deepEqual(await output, ["written\n", "cat: none: no such file or directory\n"]);
    const stopped = await shim.call("State", state, { id: "a", execId: "x" });
    assert.deepEqual(
      [stopped.status, stopped.exitStatus, stopped.execId, stopped.stdout],
      [taskStatus.stopped, 1, "x", stdout],
    );
    assert.equal((await shim.call("Delete", remove, { id: "a", execId: "x" })).exitStatus, 1);
    await assert.rejects(statusOf(shim, "x"), { code: "not-found" });
    assert.equal((await shim.call("State", state, { id: "a" })).status, taskStatus.running);
    assert.deepEqual(
      await shim.whenEvents(5),
      ["create", "start", "exec-added", "exec-started", "exit"].map((what) => `default/tasks/${what}`),
    );
    await shim.call("Kill", kill, { id: "a", signal: 9 });
  });
}

test("a program of the container is refused with what there is instead", async () => {
  await using shim = await TestShim.start();
  await runGuest(shim);
  for (const args of [["sh"], ["/bin/kwasm", "ps"], []]) {
    await assert.rejects(addExec(shim, "x", args), { code: "unsupported", message: /\/kwasm ps.*kubectl logs/u });
  }
  await addExec(shim, "x", ["kwasm"]);
});

test("a process may be added once, to a task that runs, and not to a pod's place", async () => {
  await using shim = await TestShim.start();
  await shim.create("a", { guest: "sleeper" });
  await assert.rejects(addExec(shim, "x", ["/kwasm"]), { code: "failed-precondition", message: /"created"/u });
  await shim.call("Start", start, { id: "a" });
  await addExec(shim, "x", ["/kwasm"]);
  await assert.rejects(addExec(shim, "x", ["/kwasm"]), { code: "already-exists" });
  await assert.rejects(addExec(shim, "", ["/kwasm"]), { code: "invalid-argument" });
  await shim.create("pod", { annotations: { "io.kubernetes.cri.container-type": "sandbox" } });
  await shim.call("Start", start, { id: "pod" });
  await addExec(shim, "x", ["/kwasm"], { id: "pod" });
  await assert.rejects(shim.call("Start", start, { id: "pod", execId: "x" }), { code: "unsupported" });
  assert.equal((await shim.call("Delete", remove, { id: "pod", execId: "x" })).exitStatus, 126);
});

test("a process that waits for its reader is ended by a signal, and cannot be deleted before", async () => {
  await using shim = await TestShim.start();
  const { bundle } = await runGuest(shim);
  writeFileSync(join(bundle, "rootfs/large"), "x".repeat(1024 * 1024));
  await addExec(shim, "x", ["/kwasm", "cat", "/large"], { stdout: shim.makeFifo("out") });
  await shim.call("Start", start, { id: "a", execId: "x" });
  await assert.rejects(shim.call("Start", start, { id: "a", execId: "x" }), { code: "failed-precondition" });
  await assert.rejects(shim.call("Delete", remove, { id: "a", execId: "x" }), { code: "failed-precondition" });
  for (const name of ["CloseIO", "ResizePty"]) await shim.call(name, nothing, { id: "a", execId: "x" });
  await shim.call("Kill", kill, { id: "a", execId: "x", signal: 28 });
  assert.equal(await statusOf(shim, "x"), taskStatus.running);
  await shim.call("Kill", kill, { id: "a", execId: "x", signal: 9 });
  assert.equal((await shim.call("Wait", wait, { id: "a", execId: "x" })).exitStatus, 137);
  await assert.rejects(shim.call("Kill", kill, { id: "a", execId: "x", signal: 9 }), { code: "not-found" });
  await shim.call("Delete", remove, { id: "a", execId: "x" });
});

test("a process that was never started is ended and deleted like one that ran", async () => {
  await using shim = await TestShim.start();
  await runGuest(shim);
  await addExec(shim, "x", ["/kwasm"]);
  await shim.call("Kill", kill, { id: "a", execId: "x", signal: 15 });
  assert.equal((await shim.call("Wait", wait, { id: "a", execId: "x" })).exitStatus, 143);
  await assert.rejects(shim.call("Start", start, { id: "a", execId: "x" }), { code: "failed-precondition" });
  await shim.call("Delete", remove, { id: "a", execId: "x" });
  await addExec(shim, "y", ["/kwasm"]);
  await shim.call("Delete", remove, { id: "a", execId: "y" });
});

test("processes end with their task, and go with it", async () => {
  await using shim = await TestShim.start();
  const { bundle } = await runGuest(shim);
  writeFileSync(join(bundle, "rootfs/large"), "x".repeat(1024 * 1024));
  await addExec(shim, "x", ["/kwasm", "cat", "/large"], { stdout: shim.makeFifo("out") });
  await shim.call("Start", start, { id: "a", execId: "x" });
  const waiting = shim.call("Wait", wait, { id: "a", execId: "x" });
  await shim.call("Kill", kill, { id: "a", signal: 9 });
  assert.equal((await waiting).exitStatus, 137);
  await assert.rejects(addExec(shim, "y", ["/kwasm"]), { code: "failed-precondition", message: /"stopped"/u });
  await shim.call("Delete", remove, { id: "a" });
  await assert.rejects(statusOf(shim, "x"), { code: "not-found" });
});

test("a task may have as many processes as the limit and no more", async () => {
  await using shim = await TestShim.start();
  await runGuest(shim);
  for (let number = 0; number < EXECS_MAX; number += 1) await addExec(shim, String(number), ["/kwasm"]);
  await assert.rejects(addExec(shim, "more", ["/kwasm"]), { code: "limit-exceeded" });
  await shim.call("Delete", remove, { id: "a", execId: "0" });
  await addExec(shim, "more", ["/kwasm"]);
});

test("what is no process, or too large a one, is refused", async () => {
  await using shim = await TestShim.start();
  await runGuest(shim);
  const malformed = [
    undefined,
    { typeUrl: "another", value: processSpec(["/kwasm"]).value },
    { typeUrl: PROCESS_TYPE, value: Buffer.from("{") },
    { typeUrl: PROCESS_TYPE, value: Buffer.from("7") },
    processSpec([1]),
    processSpec("/kwasm"),
  ];
  for (const spec of malformed) await assert.rejects(addExec(shim, "x", [], { spec }), { code: "invalid-argument" });
  const frame = Buffer.byteLength(JSON.stringify({ args: ["/kwasm", ""], cwd: "/" }));
  const word = "x".repeat(PROCESS_BYTES_MAX - frame);
  await addExec(shim, "most", ["/kwasm", word]);
  await assert.rejects(addExec(shim, "more", ["/kwasm", `${word}x`]), { code: "limit-exceeded" });
});

test("at a terminal, lines return to their start and control-C ends the process", async () => {
  await using shim = await TestShim.start();
  const { bundle } = await runGuest(shim);
  writeFileSync(join(bundle, "rootfs/note"), "one\ntwo\n");
  const stdout = shim.makeFifo("out");
  await addExec(shim, "x", ["/kwasm", "cat", "note", "none"], { stdout, terminal: true });
  const output = readFifo(stdout);
  await shim.call("Start", start, { id: "a", execId: "x" });
  assert.equal(await output, "one\r\ntwo\r\ncat: none: no such file or directory\r\n");

  writeFileSync(join(bundle, "rootfs/large"), "x".repeat(1024 * 1024));
  const stdin = shim.makeFifo("in");
  await addExec(shim, "y", ["/kwasm", "cat", "/large"], { stdin, stdout: shim.makeFifo("unread"), terminal: true });
  await shim.call("Start", start, { id: "a", execId: "y" });
  writeFileSync(stdin, "\u0003");
  assert.equal((await shim.call("Wait", wait, { id: "a", execId: "y" })).exitStatus, 130);
});
