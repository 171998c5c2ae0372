import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { fetchWasmtime } from "./measure/fetch-wasmtime.ts";
import { loadHttp } from "./measure/http-load.ts";
import { buildJavaScriptComponent } from "./measure/javascript-component.ts";
import { fetchJco, runJco } from "./measure/jco.ts";
import { cpuSecondsOf, memoryMibOf } from "./measure/process-usage.ts";
import { descendantsOf } from "./measure/process-tree.ts";
import { printReport, type Row } from "./measure/report.ts";
import { quantile } from "./measure/statistics.ts";

/**
 * What a request costs a server of one small HTTP component, an instance for each request and one for a hundred, beside
 * `wasmtime serve` on the same file, and the same as a component of a Spin application. Servers take turns, so that a busy
 * neighbour meets all. Requests for each core are counted by the time that all processes of a server computed, not by the clock.
 */
const rounds = 3;
const connections = 16;

const { values } = parseArgs({ options: { javascript: { type: "boolean" }, json: { type: "boolean" } } });

interface Guest {
  readonly body: string;
  readonly warmRequests: number;
  readonly requests: number;
  /** Whether an instance can answer more than one request. */
  readonly isReusable: boolean;
  readonly build: (folder: string) => string;
}

const small: Guest = {
  body: "Hello from WebAssembly\n",
  warmRequests: 2_000,
  requests: 3_000,
  isReusable: true,
  build: assembleHello,
};

/** A component of 13 MB, whose memory begins with 9.5 MB. */
const javascript: Guest = {
  body: "Hello from JavaScript, you asked for /hello\n",
  warmRequests: 300,
  requests: 300,
  isReusable: false,
  build: buildJavaScriptComponent,
};

const guest = values.javascript === true ? javascript : small;
const { body, warmRequests, requests } = guest;

interface Server {
  readonly name: string;
  readonly command: readonly string[];
}

class RunningServer implements AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #pids: readonly number[];
  readonly idleMib: number;
  readonly #cpu: { requests: number; seconds: number } = { requests: 0, seconds: 0 };
  readonly #aloneMs: number[] = [];
  readonly #togetherMs: number[] = [];

  private constructor(name: string, port: number, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.#child = child;
    this.#pids = descendantsOf(child.pid ?? 0);
    this.idleMib = memoryMibOf(this.#pids);
  }

  static async start({ name, command }: Server): Promise<RunningServer> {
    const [program = "", ...words] = command;
    const child = spawn(program, words, { stdio: ["ignore", "ignore", "pipe"] });
    for await (const line of createInterface({ input: child.stderr })) {
      const port = /^Serving HTTP on http:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1];
      if (port !== undefined) return new RunningServer(name, Number(port), child);
      console.error(line);
    }
    throw new Error(`${name} does not serve`);
  }

  async warm(): Promise<void> {
    await loadHttp({ port: this.port, connections, requests: warmRequests, body });
  }

  async round(): Promise<void> {
    const before = cpuSecondsOf(this.#pids);
    this.#togetherMs.push(...(await loadHttp({ port: this.port, connections, requests, body })));
    this.#cpu.seconds += cpuSecondsOf(this.#pids) - before;
    this.#cpu.requests += requests;
    this.#aloneMs.push(...(await loadHttp({ port: this.port, connections: 1, requests: requests / 10, body })));
  }

  row(peer: RunningServer, plain: RunningServer): Row {
    return {
      what: this.name,
      figures: {
        "requests / core s": this.#rate(),
        "/ wasmtime": this.#rate() / peer.#rate(),
        "/ kwasm": this.#rate() / plain.#rate(),
        "µs CPU": 1e6 / this.#rate(),
        "p50 ms alone": quantile(this.#aloneMs, 0.5),
        "p99 ms alone": quantile(this.#aloneMs, 0.99),
        [`p50 ms of ${connections}`]: quantile(this.#togetherMs, 0.5),
        [`p99 ms of ${connections}`]: quantile(this.#togetherMs, 0.99),
        "MiB idle": this.idleMib,
        "MiB after": memoryMibOf(this.#pids),
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => void this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }

  #rate(): number {
    return this.#cpu.requests / this.#cpu.seconds;
  }
}

const manifest = `spin_manifest_version = 2
[application]
name = "hello"
[[trigger.http]]
route = "/..."
component = "hello"
[component.hello]
source = "hello.wasm"
`;

function serversOf(component: string, application: string): readonly Server[] {
  const kwasm = [process.execPath, "--disable-warning=ExperimentalWarning", "src/cli/main.ts", "serve"];
  const listen = ["--listen", "127.0.0.1:0"];
  const wasmtime = fetchWasmtime();
  const reuse = ["--max-instance-reuse-count", "100"];
  const servers = [
    { name: "wasmtime", command: [wasmtime, "serve", "-S", "cli", "--addr", "127.0.0.1:0", component] },
    { name: "kwasm", command: [...kwasm, ...listen, component] },
  ];
  if (!guest.isReusable) return servers;
  return [
    ...servers,
    { name: "wasmtime, reuse 100", command: [wasmtime, "serve", "--addr", "127.0.0.1:0", ...reuse, component] },
    { name: "kwasm, Spin application", command: [...kwasm, ...listen, application] },
    { name: "kwasm, reuse 100", command: [...kwasm, ...listen, "--reuse", "100", component] },
  ];
}

function assembleHello(folder: string): string {
  const component = join(folder, "hello.wasm");
  runJco(fetchJco(), "parse", join(import.meta.dirname, "guests/http-hello.wat"), "-o", component);
  return component;
}

async function main(): Promise<void> {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-bench-serve-"));
  const component = guest.build(scratch.path);
  await using stack = new AsyncDisposableStack();
  const servers: RunningServer[] = [];
  const application = join(scratch.path, "spin.toml");
  writeFileSync(application, manifest);
  for (const server of serversOf(component, application)) servers.push(stack.use(await RunningServer.start(server)));
  for (const server of servers) await server.warm();
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) await server.round();
  }
  const [peer, , plain] = servers;
  if (peer === undefined || plain === undefined) throw new Error("nothing was measured");
  printReport({
    bench: "serve",
    notes: [
      "requests by the time that the server's processes computed; goals: 1 of wasmtime's, 2 with reuse; a Spin application 0.9 of kwasm",
      "MiB: proportional set sizes of all processes of the server",
    ],
    rows: servers.map((server) => server.row(peer, plain)),
  });
}

await main();
