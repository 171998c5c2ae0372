import { execFileSync } from "node:child_process";
import { createReadStream, mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import loadWabt from "wabt";

import { type Clock, silentLog, systemClock } from "#base";
import { localHost } from "#node";
import { CreateTaskRequest, Empty, ForwardRequest, type Message, type MessageValue, PidResponse } from "#proto";
import { dispatchTo, method, TtrpcClient, TtrpcServer } from "#ttrpc";

import { openShim } from "./serve-shim.ts";
import type { CgroupVersion } from "./task-answers.ts";

const print = `(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00") (data (i32.const 16) "hello\\n")`;
/**
 * What tests run: one that prints and exits with 3, one that prints and sleeps for an hour, one that never yields, one
 * that copies its input and exits with its output's file type, one that is no valid module, and one that grows its memory
 * until it may not.
 */
const guests = {
  invalid: `(module (func (export "_start") (i32.const 1)))`,
  spinner: `(module (memory (export "memory") 1) (func (export "_start") (loop $again (br $again))))`,
  copier: `(module (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fdstat (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) ${print}
    (func (export "_start")
      (loop $more
        (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 512))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (i32.store (i32.const 4) (i32.load (i32.const 8)))
        (if (i32.load (i32.const 8))
          (then (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12))) (br $more))))
      (drop (call $fdstat (i32.const 1) (i32.const 2048)))
      (call $exit (i32.load8_u (i32.const 2048)))))`,
  hungry: `(module (memory (export "memory") 1)
    (func (export "_start")
      (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable))`,
  hello: `(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) ${print}
    (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (call $exit (i32.const 3))))`,
  sleeper: `(module (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32))) ${print}
    (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (i32.store (i32.const 1040) (i32.const 1)) (i64.store (i32.const 1048) (i64.const 3600000000000))
      (drop (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 3000)))))`,
};

export interface TestContainer {
  readonly guest?: keyof typeof guests;
  readonly hasInput?: boolean;
  readonly terminal?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly networkPath?: string;
}

/** A shim in this process, with the ends that containerd has: its events' socket, bundles and FIFOs. */
export class TestShim implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-shim-"));
  readonly #cleanup = new AsyncDisposableStack();
  /** Topics with the events' namespaces, in the order in which they came. */
  readonly events: string[] = [];
  #whenEvent = Promise.withResolvers<void>();
  #client: TtrpcClient | undefined;

  static async start(options: { readonly cgroups?: CgroupVersion; readonly clock?: Clock } = {}): Promise<TestShim> {
    const shim = new TestShim();
    shim.#cleanup.defer(() => shim.#directory.remove());
    const { cgroups = "v1", clock = systemClock } = options;
    const directory = shim.#path("shim");
    const eventsAddress = shim.#path("events.sock");
    const containerd = { address: shim.#path("containerd.sock"), eventsAddress, publishBinary: "/bin/false" };
    const containerdRoot = shim.#path("root");
    const base = { directory, containerd, containerdRoot, log: silentLog, host: localHost(), processMark: "1 1" };
    const { services } = shim.#cleanup.use(await openShim({ ...base, cgroups, clock }));
    const server = shim.#cleanup.use(new TtrpcServer(dispatchTo(services), silentLog));
    await server.listen(join(directory, "shim.sock"));
    shim.#client = shim.#cleanup.use(await TtrpcClient.connect(join(directory, "shim.sock")));
    return shim;
  }

  /** Starts to take events, as containerd does when it comes back. */
  async takeEvents(): Promise<void> {
    const forward = method(ForwardRequest, Empty, ({ envelope }) => {
      this.events.push(`${envelope?.namespace ?? ""}${envelope?.topic ?? ""}`);
      this.#whenEvent.resolve();
      return {};
    });
    const server = new TtrpcServer(
      dispatchTo({ "containerd.services.events.ttrpc.v1.Events": { Forward: forward } }),
      silentLog,
    );
    this.#cleanup.use(server);
    await server.listen(this.#path("events.sock"));
  }

  /** Resolves when `count` events have come. */
  async whenEvents(count: number): Promise<readonly string[]> {
    while (this.events.length < count) {
      this.#whenEvent = Promise.withResolvers();
      await this.#whenEvent.promise;
    }
    return this.events;
  }

  async call<Request, Response>(
    name: string,
    types: { readonly request: Message<Request>; readonly response: Message<Response> },
    request: Partial<Request>,
  ): Promise<Response> {
    if (this.#client === undefined) throw new Error("the shim was not started");
    return this.#client.call({ service: "containerd.task.v2.Task", method: name }, types, request, {
      timeoutMs: 30_000,
    });
  }

  /** Makes a bundle and its FIFOs, and asks for the task; answers where its standard output can be read. */
  async create(
    id: string,
    container: TestContainer = {},
  ): Promise<{ readonly stdin: string; readonly stdout: string; readonly bundle: string }> {
    const bundle = this.#path(join("default", id));
    await this.#writeBundle(bundle, container);
    const stdout = join(bundle, "stdout");
    const stdin = container.hasInput === true ? join(bundle, "stdin") : "";
    execFileSync("mkfifo", [stdout, ...(stdin === "" ? [] : [stdin])]);
    const { terminal = false } = container;
    const request: Partial<MessageValue<typeof CreateTaskRequest>> = { id, bundle, stdin, stdout, terminal };
    await this.call("Create", { request: CreateTaskRequest, response: PidResponse }, request);
    return { stdin, stdout, bundle };
  }

  /** A FIFO of its own, as containerd makes them for further processes. */
  makeFifo(name: string): string {
    const path = this.#path(name);
    execFileSync("mkfifo", [path]);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync();
  }

  #path(name: string): string {
    return join(this.#directory.path, name);
  }

  async #writeBundle(bundle: string, { guest = "hello", annotations = {}, networkPath }: TestContainer): Promise<void> {
    const root = join(bundle, "rootfs");
    mkdirSync(root, { recursive: true });
    const wabt = await loadWabt();
    writeFileSync(join(root, "guest.wasm"), wabt.parseWat("guest.wat", guests[guest]).toBinary({}).buffer);
    const namespaces = networkPath === undefined ? [] : [{ type: "network", path: networkPath }];
    const config = {
      process: { args: ["/guest.wasm"], cwd: "/", env: ["A=b=c"] },
      root: { path: "rootfs" },
      annotations,
      linux: { namespaces, resources: { memory: { limit: 1024 * 1024 } } },
    };
    writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
  }
}

/** Reads a FIFO to its end; waits for its writer first. */
export async function readFifo(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
