import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { KwasmError, systemErrorCode } from "#base";
import type {
  ExitStatus,
  Inspection,
  KillSignal,
  NodeRuntime,
  SandboxSpec,
  SandboxView,
  WorkloadSpec,
  WorkloadStats,
  WorkloadView,
} from "#node";

interface FakeSandbox {
  readonly view: SandboxView;
  readonly servers: readonly Server[];
  readonly sockets: Set<Socket>;
}

interface FakeWorkload {
  readonly spec: WorkloadSpec;
  view: WorkloadView;
  readonly exited: PromiseWithResolvers<ExitStatus>;
}

/** What a fake guest does once it is started: runs on unless an exit code is given. */
export type FakeBehaviour = (spec: WorkloadSpec) => { readonly exitCode?: number; readonly ignoresTerm?: boolean };

/**
 * A NodeRuntime within the test's process. Its listeners are real and answer every HTTP request with the name of the
 * pod's sandbox, so that probes, the balancer and names are tested against sockets; its guests are rows.
 */
export class FakeRuntime implements NodeRuntime {
  readonly sandboxes = new Map<string, FakeSandbox>();
  readonly workloads = new Map<string, FakeWorkload>();
  readonly started: WorkloadSpec[] = [];
  readonly killed: [id: string, signal: KillSignal][] = [];
  /** Answer of every listener; a probe sees it. */
  status = 200;
  readonly #behave: FakeBehaviour;
  readonly #listeners = new Set<(view: WorkloadView) => void>();

  constructor(behave: FakeBehaviour = () => ({})) {
    this.#behave = behave;
  }

  async createSandbox(spec: SandboxSpec): Promise<SandboxView> {
    const sockets = new Set<Socket>();
    const servers: Server[] = [];
    try {
      for (const { address, port } of spec.listeners) {
        servers.push(await this.#listen(address, port, { id: spec.id, sockets }));
      }
    } catch (error) {
      for (const server of servers) server.close();
      throw KwasmError.from(error, "listen");
    }
    const listeners = servers.map((server) => {
      const bound = server.address();
      if (bound === null || typeof bound === "string") throw new KwasmError("internal", "a listener has no address");
      return { address: bound.address, port: bound.port };
    });
    const view = { id: spec.id, group: spec.group, listeners };
    this.sandboxes.set(spec.id, { view, servers, sockets });
    return view;
  }

  async deleteSandbox(id: string): Promise<void> {
    const sandbox = this.sandboxes.get(id);
    this.sandboxes.delete(id);
    for (const server of sandbox?.servers ?? []) server.close();
    for (const socket of sandbox?.sockets ?? []) socket.destroy();
  }

  async createWorkload(spec: WorkloadSpec): Promise<WorkloadView> {
    if (this.workloads.has(spec.id)) throw new KwasmError("already-exists", `create workload "${spec.id}": it exists`);
    const view: WorkloadView = { id: spec.id, sandboxId: spec.sandboxId, state: "created" };
    this.workloads.set(spec.id, { spec, view, exited: Promise.withResolvers() });
    return view;
  }

  async startWorkload(id: string): Promise<WorkloadView> {
    const workload = this.#get(id);
    workload.view = { ...workload.view, state: "running", startedAtMs: Date.now() };
    this.started.push(workload.spec);
    const { output } = workload.spec;
    if (output.kind === "log") appendFileSync(output.path, `${new Date().toISOString()} stdout F hello from ${id}\n`);
    const { exitCode } = this.#behave(workload.spec);
    if (exitCode !== undefined) this.exit(id, exitCode);
    return workload.view;
  }

  async killWorkload(id: string, signal: KillSignal): Promise<void> {
    this.killed.push([id, signal]);
    const workload = this.workloads.get(id);
    if (workload === undefined || (signal === "SIGTERM" && this.#behave(workload.spec).ignoresTerm === true)) return;
    this.exit(id, signal === "SIGTERM" ? 143 : 137);
  }

  waitWorkload(id: string): Promise<ExitStatus> {
    return this.#get(id).exited.promise;
  }

  async deleteWorkload(id: string): Promise<void> {
    this.workloads.delete(id);
  }

  listSandboxes(): readonly SandboxView[] {
    return [...this.sandboxes.values()].map(({ view }) => view);
  }

  listWorkloads(): readonly WorkloadView[] {
    return [...this.workloads.values()].map(({ view }) => view);
  }

  specOf(id: string): WorkloadSpec {
    return this.#get(id).spec;
  }

  statsOf(): WorkloadStats {
    return { memoryBytes: 65_536, memoryBytesMax: 65_536, cpuNanoseconds: 1, cpu: {} };
  }

  limitWorkload(): Promise<void> {
    return Promise.reject(neverAsked("resized"));
  }

  pauseWorkload(): Promise<void> {
    return Promise.reject(neverAsked("paused"));
  }

  resumeWorkload(): Promise<void> {
    return Promise.reject(neverAsked("paused"));
  }

  closeInput(): Promise<void> {
    return Promise.resolve();
  }

  inspect(id: string): Promise<Inspection> {
    return Promise.reject(new KwasmError("unsupported", `look into workload "${id}": this runtime runs nothing`));
  }

  onChange(listener: (view: WorkloadView) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  listCells(): readonly { readonly group: string; readonly pid: number }[] {
    return [];
  }

  async close(): Promise<void> {
    for (const id of this.workloads.keys()) this.exit(id, 137);
    for (const id of this.sandboxes.keys()) await this.deleteSandbox(id);
  }

  /** The guest ends, as if by itself. */
  exit(id: string, code: number, reason: ExitStatus["reason"] = code === 0 ? "Completed" : "Error"): void {
    const workload = this.#get(id);
    const startedAtMs = workload.view.startedAtMs ?? Date.now();
    const exit: ExitStatus = { code, reason, message: "", startedAtMs, finishedAtMs: Date.now() };
    workload.view = { ...workload.view, state: "exited", exit };
    workload.exited.resolve(exit);
    for (const listener of this.#listeners) listener(workload.view);
  }

  #get(id: string): FakeWorkload {
    const workload = this.workloads.get(id);
    if (workload === undefined) throw new KwasmError("not-found", `find workload "${id}": there is none`);
    return workload;
  }

  async #listen(
    host: string,
    port: number,
    sandbox: { readonly id: string; readonly sockets: Set<Socket> },
  ): Promise<Server> {
    const server = createServer((socket) => {
      sandbox.sockets.add(socket);
      socket.once("close", () => sandbox.sockets.delete(socket));
      socket.on("error", (error) => assertIsReset(error));
      socket.once("data", () =>
        socket.end(
          `HTTP/1.1 ${this.status} Fake\r\ncontent-length: ${sandbox.id.length}\r\nconnection: close\r\n\r\n${sandbox.id}`,
        ),
      );
    });
    server.listen(port, host);
    await once(server, "listening");
    return server;
  }
}

/** Peers that go away are part of every test; anything else is a fault of the test. */
function assertIsReset(error: Error): void {
  if (systemErrorCode(error) !== "ECONNRESET" && systemErrorCode(error) !== "EPIPE") throw error;
}

function neverAsked(what: string): KwasmError {
  return new KwasmError("unsupported", `pods of one machine are never ${what}`);
}
