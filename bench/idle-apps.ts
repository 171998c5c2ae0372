import { hash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { silentLog } from "#base";
import { createNodeRuntime, type NodeRuntime } from "#node";

import { askOnce } from "./measure/http-load.ts";
import { fetchJco, runJco } from "./measure/jco.ts";
import { descendantsOf } from "./measure/process-tree.ts";
import { cpuSecondsOf, memoryMibOf } from "./measure/process-usage.ts";
import { printReport, type Row } from "./measure/report.ts";
import { quantile } from "./measure/statistics.ts";

/**
 * What applications cost that answer HTTP requests and that nobody asks, each a component of its own on a port of its own, all
 * in one cell of a node; and how soon ones chosen at random answer.
 */
const { values } = parseArgs({
  options: {
    apps: { type: "string", default: "10000" },
    requests: { type: "string", default: "10000" },
    json: { type: "boolean" },
  },
});

/** The first ones pay for what all share. */
const WARM_APPS = 100;
const STARTING_AT_ONCE = 8;
const REST_SECONDS = 10;
const MEMORY_BYTES_MAX = 16 * 1_048_576;

/** What the component of `bench/guests/http-hello.wat` answers, of which an application has a name of the same length. */
const answered = "WebAssembly";

function nameOf(app: number): string {
  return `app ${String(app).padStart(answered.length - 4, "0")}`;
}

class Apps {
  readonly ports: number[] = [];
  readonly #runtime: NodeRuntime;
  readonly #directory: string;
  readonly #component: Buffer;
  readonly #at: number;

  constructor(runtime: NodeRuntime, directory: string) {
    this.#runtime = runtime;
    this.#directory = directory;
    const path = join(directory, "hello.wasm");
    runJco(fetchJco(), "parse", join(import.meta.dirname, "guests/http-hello.wat"), "-o", path);
    this.#component = readFileSync(path);
    this.#at = this.#component.indexOf(answered);
  }

  async startUpTo(count: number): Promise<void> {
    let next = this.ports.length;
    await Promise.all(
      Array.from({ length: STARTING_AT_ONCE }, async () => {
        for (let app = next++; app < count; app = next++) await this.#start(app);
      }),
    );
  }

  async #start(app: number): Promise<void> {
    const id = String(app);
    const bytes = Buffer.from(this.#component);
    bytes.write(nameOf(app), this.#at);
    const path = join(this.#directory, `${id}.wasm`);
    writeFileSync(path, bytes);
    const sandbox = await this.#runtime.createSandbox({
      id,
      group: "bench",
      listeners: [{ address: "127.0.0.1", port: 0 }],
    });
    await this.#runtime.createWorkload({
      id,
      sandboxId: id,
      module: { path, digest: `sha256:${hash("sha256", bytes)}` },
      args: [nameOf(app)],
      env: [],
      mounts: [],
      output: { kind: "discard" },
      memoryBytesMax: MEMORY_BYTES_MAX,
    });
    const { state, exit } = await this.#runtime.startWorkload(id);
    if (state !== "running") throw new Error(`application ${id} does not run: ${exit?.message ?? state}`);
    this.ports[app] = sandbox.listeners[0]?.port ?? 0;
  }

  /** Asks applications, one after the other, each on a connection of its own. */
  async ask(choose: () => number, requests: number): Promise<number[]> {
    const tookMs: number[] = [];
    for (let left = requests; left > 0; left -= 1) {
      const app = choose();
      tookMs.push(await askOnce(this.ports[app] ?? 0, `Hello from ${nameOf(app)}\n`));
    }
    return tookMs;
  }
}

interface Figures {
  readonly control: number;
  readonly cell: number;
}

function processesOf(): { readonly control: readonly number[]; readonly cell: readonly number[] } {
  const [control = 0, ...cell] = descendantsOf(process.pid);
  return { control: [control], cell };
}

function memory(): Figures {
  for (let round = 0; round < 2; round++) globalThis.gc?.();
  const { control, cell } = processesOf();
  return { control: memoryMibOf(control), cell: memoryMibOf(cell) };
}

async function cpuAtRest(): Promise<number> {
  const { control, cell } = processesOf();
  const before = cpuSecondsOf([...control, ...cell]);
  await sleep(REST_SECONDS * 1_000);
  return ((cpuSecondsOf([...control, ...cell]) - before) * 1_000) / REST_SECONDS;
}

function latencies(what: string, tookMs: readonly number[]): Row {
  return { what, figures: { "p50 ms": quantile(tookMs, 0.5), "p99 ms": quantile(tookMs, 0.99) } };
}

const directory = mkdtempSync(join(tmpdir(), "kwasm-bench-"));
const runtime = createNodeRuntime({ stateDir: directory, log: silentLog });
try {
  const [count, requests] = [Number(values.apps), Number(values.requests)];
  const apps = new Apps(runtime, directory);
  await apps.startUpTo(WARM_APPS);
  await apps.ask(() => 0, requests);
  const one = await apps.ask(() => 0, requests);
  await sleep(REST_SECONDS * 1_000);
  const before = memory();
  const startedMs = performance.now();
  await apps.startUpTo(WARM_APPS + count);
  const tookMs = performance.now() - startedMs;
  await sleep(REST_SECONDS * 1_000);
  const after = memory();
  const restMs = await cpuAtRest();
  const random = await apps.ask(() => Math.floor(Math.random() * (WARM_APPS + count)), requests);
  const each = (side: keyof Figures) => ((after[side] - before[side]) * 1_024) / count;
  printReport({
    bench: "idle-apps",
    notes: [
      "kB: growth of proportional set sizes for each application; goal: 20 in all",
      "one after the other, each request on a connection of its own",
    ],
    rows: [
      {
        what: `${count} applications`,
        figures: {
          "kB in the cell": each("cell"),
          "kB in control": each("control"),
          "start ms": tookMs / count,
          "CPU at rest, ms/s": restMs,
        },
      },
      latencies("requests to one", one),
      latencies("requests to any", random),
    ],
  });
} finally {
  await runtime.close();
  rmSync(directory, { recursive: true, force: true });
}
