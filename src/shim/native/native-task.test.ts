import assert from "node:assert/strict";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { KwasmError, silentLog } from "#base";
import {
  ConnectResponse,
  CreateTaskRequest,
  DeleteResponse,
  Empty,
  type Message,
  PidResponse,
  PidsResponse,
  ProcessRequest,
  StateResponse,
  taskStatus,
  WaitResponse,
} from "#proto";
import { type Call, dispatchTo, method, TtrpcServer } from "#ttrpc";

import type { TaskExit } from "../task.ts";
import { type NativeRecord, NativeTask, type NativeTaskOwner } from "./native-task.ts";

const PID = 1_234;
const streams = { stdin: "", stdout: "/run/out", stderr: "", terminal: false };

/** A shim that makes any container at once, which exits when the test says so. */
class PeerShim implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-peer-"));
  readonly #exited = Promise.withResolvers<Partial<{ exitStatus: number }>>();
  readonly #server: TtrpcServer;
  readonly calls: string[] = [];
  readonly record: NativeRecord = {
    namespace: "k8s.io",
    id: "a",
    bundle: "/bundles/k8s.io/a",
    group: "pod",
    address: { path: join(this.#directory.path, "s"), service: "containerd.task.v3.Task" },
    streams,
    pid: 0,
  };

  private constructor() {
    const methods = {
      Create: this.#method(CreateTaskRequest, PidResponse, () => ({ pid: PID })),
      Wait: this.#method(ProcessRequest, WaitResponse, ({ execId }) => {
        return execId === "" ? this.#exited.promise : new Promise<never>(() => undefined);
      }),
      Delete: this.#method(ProcessRequest, DeleteResponse, () => ({ pid: PID, exitStatus: 3 })),
      Connect: this.#method(ProcessRequest, ConnectResponse, () => ({ shimPid: 99, taskPid: PID })),
      Pause: this.#method(ProcessRequest, Empty, () => {
        throw new KwasmError("failed-precondition", "the peer's own words");
      }),
      Shutdown: this.#method(ProcessRequest, Empty, () => ({})),
    };
    this.#server = new TtrpcServer(dispatchTo({ "containerd.task.v3.Task": methods }), silentLog);
  }

  static async start(): Promise<PeerShim> {
    const peer = new PeerShim();
    await peer.#server.listen(peer.record.address.path);
    return peer;
  }

  #method<Request, Response>(
    request: Message<Request>,
    response: Message<Response>,
    handle: (request: Request) => Promise<Partial<Response>> | Partial<Response>,
  ) {
    const answer = method(request, response, handle);
    return (payload: Uint8Array, call: Call) => {
      this.calls.push(call.metadata.get("containerd-namespace-ttrpc") ?? "");
      return answer(payload, call);
    };
  }

  exit(exitStatus: number): void {
    this.#exited.resolve({ exitStatus });
  }

  die(): Promise<void> {
    return this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.die();
    this.#directory.remove();
  }
}

/** Notes what a task tells, in order. */
class Owner implements NativeTaskOwner {
  readonly told: string[] = [];

  now(): number {
    return 5_000;
  }

  async cleanUp(): Promise<void> {
    this.told.push("clean up");
  }

  onLost(_: NativeTask, { code }: TaskExit): void {
    this.told.push(`lost ${String(code)}`);
  }

  async onDeleted(_: NativeTask, exit: TaskExit | undefined): Promise<void> {
    this.told.push(`deleted ${String(exit?.code)}`);
  }
}

const call: Call = { signal: new AbortController().signal, metadata: new Map() };
const about = ProcessRequest.encode({ id: "a" });

async function createTask(peer: PeerShim, owner: Owner): Promise<NativeTask> {
  const task = await NativeTask.connect(peer.record, owner);
  await task.create(CreateTaskRequest.decode(CreateTaskRequest.encode({ id: "a" })));
  return task;
}

test("calls, answers and errors go through as they are, with the task's namespace", async () => {
  await using peer = await PeerShim.start();
  const owner = new Owner();
  const task = await createTask(peer, owner);
  assert.deepEqual(task.record, { ...peer.record, pid: PID });
  const connected = ConnectResponse.decode(await task.answer("Connect", about, call));
  assert.deepEqual(connected, { shimPid: 99, taskPid: PID, version: "" });
  const words = { code: "failed-precondition", message: "the peer's own words" };
  await assert.rejects(task.answer("Pause", about, call), words);
  await assert.rejects(task.answer("Checkpoint", about, call), { code: "unsupported" });
  const waiting = task.answer("Wait", about, call);
  peer.exit(3);
  assert.equal(WaitResponse.decode(await waiting).exitStatus, 3);
  assert.equal(DeleteResponse.decode(await task.answer("Delete", about, call)).pid, PID);
  assert.deepEqual(new Set(peer.calls), new Set(["k8s.io"]));
  assert.deepEqual([task.hasExited, task.isDeleted, owner.told], [true, true, ["deleted undefined"]]);
});

test("a caller that stops waiting is let go, for the container and for a process in it", async () => {
  await using peer = await PeerShim.start();
  const task = await createTask(peer, new Owner());
  for (const request of [about, ProcessRequest.encode({ id: "a", execId: "x" })]) {
    const controller = new AbortController();
    const waiting = task.answer("Wait", request, { ...call, signal: controller.signal });
    controller.abort(new KwasmError("cancelled", "the caller has gone"));
    await assert.rejects(waiting, { code: "cancelled" });
  }
});

test("the deletion of a process that was added is not the container's", async () => {
  await using peer = await PeerShim.start();
  const owner = new Owner();
  const task = await createTask(peer, owner);
  await task.answer("Delete", ProcessRequest.encode({ id: "a", execId: "x" }), call);
  assert.deepEqual([task.isDeleted, owner.told], [false, []]);
});

async function checkLost(task: NativeTask, code: number): Promise<void> {
  const state = StateResponse.decode(await task.answer("State", about, call));
  assert.deepEqual(
    [state.status, state.exitStatus, state.stdout, state.bundle],
    [taskStatus.stopped, code, "/run/out", "/bundles/k8s.io/a"],
  );
  assert.equal(WaitResponse.decode(await task.answer("Wait", about, call)).exitStatus, code);
  assert.equal(PidsResponse.decode(await task.answer("Pids", about, call)).processes.length, 1);
  assert.equal(ConnectResponse.decode(await task.answer("Connect", about, call)).shimPid, process.pid);
  const process_ = ProcessRequest.encode({ id: "a", execId: "x" });
  for (const name of ["State", "Wait", "Delete"]) {
    await assert.rejects(task.answer(name, process_, call), { code: "not-found" });
  }
  for (const name of ["Kill", "Exec", "Stats"]) {
    await assert.rejects(task.answer(name, about, call), { code: "not-found" });
  }
  assert.equal(DeleteResponse.decode(await task.answer("Delete", about, call)).exitStatus, code);
  assert.ok(task.isDeleted);
}

test("a container ends with its shim, is told once, and can be deleted", async () => {
  await using peer = await PeerShim.start();
  const owner = new Owner();
  const task = await createTask(peer, owner);
  const waiting = task.answer("Wait", about, call);
  await peer.die();
  assert.equal(WaitResponse.decode(await waiting).exitStatus, 137);
  await checkLost(task, 137);
  assert.deepEqual(owner.told, ["clean up", "lost 137", "deleted 137"]);
});

test("a container that had ended before its shim died keeps its exit code", async () => {
  await using peer = await PeerShim.start();
  const owner = new Owner();
  const task = await createTask(peer, owner);
  peer.exit(3);
  await task.answer("Wait", about, call);
  await peer.die();
  await checkLost(task, 3);
  assert.deepEqual(owner.told, ["clean up", "deleted 3"]);
});

test("a task is found again by its record, and is as before", async () => {
  await using peer = await PeerShim.start();
  const before = await createTask(peer, new Owner());
  const record: unknown = JSON.parse(JSON.stringify(before.record));
  before.abandon();
  // It was written as one.
  const task = await NativeTask.restore(record as NativeRecord, new Owner());
  const waiting = task.answer("Wait", about, call);
  peer.exit(4);
  assert.equal(WaitResponse.decode(await waiting).exitStatus, 4);
  assert.equal(task.pid, PID);
});

test("a task whose shim died while nobody looked has ended with it", async () => {
  const peer = await PeerShim.start();
  await peer[Symbol.asyncDispose]();
  const owner = new Owner();
  const task = await NativeTask.restore({ ...peer.record, pid: PID }, owner);
  await checkLost(task, 137);
  assert.deepEqual(owner.told, ["clean up", "lost 137", "deleted 137"]);
});

test("a task that is only left is not taken for lost", async () => {
  await using peer = await PeerShim.start();
  const owner = new Owner();
  const task = await createTask(peer, owner);
  task.abandon();
  await peer.die();
  assert.deepEqual(owner.told, []);
});
