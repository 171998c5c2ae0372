import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";

import { KwasmError, silentLog, systemClock } from "#base";
import { ConnectResponse, CreateTaskRequest, Empty, PidResponse, ProcessRequest, StateResponse } from "#proto";
import { dispatchTo, method, TtrpcServer } from "#ttrpc";

import { EventJournal } from "../event-journal.ts";
import { EventPublisher } from "../event-publisher.ts";
import { NativeTasks } from "./native-tasks.ts";

const PID = 1_234;

/** Native tasks of a process, and the shim of runc that they find; it has the containers that are named. */
class Bench implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-natives-"));
  readonly #stack = new AsyncDisposableStack();
  readonly #path = process.env["PATH"] ?? "";
  readonly containers = new Set<string>();
  readonly bundle = join(this.#directory.path, "a");
  readonly natives: NativeTasks;
  created = 0;
  /** Whether the shim answers who it is. */
  answers = true;

  constructor() {
    const { path } = this.#directory;
    mkdirSync(this.bundle);
    const program = join(path, "containerd-shim-runc-v2");
    const script = `#!/bin/sh\necho "$PWD" "$@" >>"${path}/calls"\nprintf unix://${this.socket}\n`;
    writeFileSync(program, script, { mode: 0o755 });
    process.env["PATH"] = `${path}${delimiter}${this.#path}`;
    const queue = EventJournal.open(join(path, "events"), silentLog);
    const base = { clock: systemClock, log: silentLog };
    const publisher = this.#stack.use(new EventPublisher({ address: join(path, "events.sock"), queue, ...base }));
    const containerd = { address: join(path, "c"), eventsAddress: join(path, "e"), publishBinary: "/bin/false" };
    const options = { directory: join(path, "native"), containerd, processMark: "1 1", publisher, ...base };
    this.natives = this.#stack.use(new NativeTasks(options));
  }

  /** The words of each start of runc's shim, after the folder that it stood in. */
  readCalls(): readonly string[] {
    return readFileSync(join(this.#directory.path, "calls"), "utf8").trimEnd().split("\n");
  }

  get nativeFolder(): string {
    return join(this.#directory.path, "native");
  }

  get socket(): string {
    return join(this.#directory.path, "s");
  }

  static async start(): Promise<Bench> {
    const bench = new Bench();
    await bench.#serve();
    return bench;
  }

  create() {
    const { bundle } = this;
    const identity = { namespace: "ns", id: "a", bundle };
    const described = { annotations: {}, network: { kind: "host" } } as Parameters<NativeTasks["create"]>[0]["bundle"];
    const request = { ...CreateTaskRequest.decode(new Uint8Array()), id: "a", bundle };
    return this.natives.create({ identity, request, bundle: described, pod: undefined });
  }

  async #serve(): Promise<void> {
    const methods = {
      Connect: method(ProcessRequest, ConnectResponse, () => {
        return this.answers ? { shimPid: 99, taskPid: PID } : new Promise<never>(() => undefined);
      }),
      State: method(ProcessRequest, StateResponse, ({ id }) => {
        if (this.containers.has(id)) return { id, pid: PID };
        throw new KwasmError("not-found", "there is none");
      }),
      Create: method(CreateTaskRequest, PidResponse, () => {
        this.created += 1;
        return { pid: PID + 1 };
      }),
      Shutdown: method(ProcessRequest, Empty, () => ({})),
    };
    const services = { "containerd.task.v2.Task": methods };
    await this.#stack.use(new TtrpcServer(dispatchTo(services), silentLog)).listen(this.socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.env["PATH"] = this.#path;
    await this.#stack.disposeAsync();
    this.#directory.remove();
  }
}

test("a container that an earlier process had made and not told of is taken up, and none is made twice", async () => {
  await using bench = await Bench.start();
  writeFileSync(join(bench.bundle, "native-shim"), "");
  bench.containers.add("a");
  const task = await bench.create();
  assert.deepEqual([task.pid, bench.created], [PID, 0]);
  assert.ok(readFileSync(join(bench.bundle, "native-shim"), "utf8").includes(bench.socket));
});

test("a container that an earlier process had only begun is made", async () => {
  await using bench = await Bench.start();
  writeFileSync(join(bench.bundle, "native-shim"), "");
  assert.equal((await bench.create()).pid, PID + 1);
  assert.ok(existsSync(join(bench.bundle, "native-shim")));
});

test("a shim that stands still does not keep other tasks from being found again", async () => {
  await using bench = await Bench.start();
  const { record } = await bench.create();
  bench.answers = false;
  const [found] = await bench.natives.restore([record]);
  assert.equal(found?.pid, PID + 1);
});

test("what an earlier process had run is ended where its bundle is gone too, and nothing of it stays", async () => {
  await using bench = await Bench.start();
  await bench.create();
  rmSync(bench.bundle, { recursive: true });
  bench.natives.close();
  await bench.natives.endLeft();
  const folder = join(bench.nativeFolder, "ns,a", "a");
  const last = bench.readCalls().at(-1) ?? "";
  assert.ok(last.startsWith(`${folder} -namespace ns `), last);
  assert.ok(last.endsWith(`-id a -bundle ${folder} delete`), last);
  assert.deepEqual(readdirSync(bench.nativeFolder), []);
});

test("a bundle that containerd has removed meanwhile is not made again", async () => {
  await using bench = await Bench.start();
  const { record } = await bench.create();
  rmSync(bench.bundle, { recursive: true });
  await bench.natives.restore([record]);
  // The shim has been asked who it is, and answered.
  await setTimeout(100);
  assert.ok(!existsSync(bench.bundle));
});

test("a process that has the id of a shim that is gone lives on", async () => {
  await using bench = await Bench.start();
  await bench.create();
  bench.natives.close();
  const folder = join(bench.nativeFolder, "ns,a", "a");
  const other = spawn("/bin/sleep", ["600"], { stdio: "ignore" });
  const [program, , ...rest] = readFileSync(join(folder, "native-shim"), "utf8").split("\n");
  writeFileSync(join(folder, "native-shim"), [program, other.pid, ...rest].join("\n"));
  await bench.natives.endLeft();
  assert.equal(other.exitCode ?? other.signalCode, null);
  assert.ok(other.kill("SIGKILL"));
});
