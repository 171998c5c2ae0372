import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";

import { connectIfRunning } from "#local";
import { fetchJco, runJco } from "./measure/jco.ts";
import { descendantsOf } from "./measure/process-tree.ts";
import { cpuSecondsOf, memoryMibOf } from "./measure/process-usage.ts";
import { printReport, type Row } from "./measure/report.ts";

/**
 * What Spin applications cost a node while nobody asks them: 1,000 pods of `kwasm up` with one each. Memory of control, balancer
 * and cells together, and what they compute in a minute; `--pods N --seconds N` for others. They are asked before.
 */
const { values } = parseArgs({
  options: { pods: { type: "string", default: "1000" }, seconds: { type: "string", default: "60" } },
  strict: false,
});
const [pods, seconds] = [Number(values["pods"]), Number(values["seconds"])];
const root = join(import.meta.dirname, "..");
const MS_MAX = 900_000;

using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-bench-idle-"));
const state = join(scratch.path, "state");
const application = join(scratch.path, "hello");
mkdirSync(application);
runJco(fetchJco(), "parse", join(import.meta.dirname, "guests/http-hello.wat"), "-o", join(application, "hello.wasm"));
writeFileSync(
  join(application, "spin.toml"),
  `spin_manifest_version = 2
[application]
name = "hello"
[[trigger.http]]
route = "/..."
component = "hello"
[component.hello]
source = "hello.wasm"
`,
);

/** Replicas of one image: each is an application of its own, with its listener and its stores. */
function manifestOf(replicas: number): string {
  const labels = { app: "hello" };
  const metadata = { name: "hello" };
  const containers = [{ name: "hello", image: "hello:v1", command: ["/"], ports: [{ containerPort: 80 }] }];
  const template = { metadata: { labels }, spec: { containers } };
  const spec = { replicas, selector: { matchLabels: labels }, template };
  const items = [
    { apiVersion: "apps/v1", kind: "Deployment", metadata, spec },
    { apiVersion: "v1", kind: "Service", metadata, spec: { selector: labels, ports: [{ port: 80 }] } },
  ];
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

function kwasm(...words: readonly string[]): string {
  const env = { ...process.env, KWASM_STATE: state };
  return execFileSync(join(root, "kwasm"), words, { encoding: "utf8", env, maxBuffer: 2 ** 26, timeout: MS_MAX });
}

async function measure(count: number): Promise<Row> {
  const path = join(scratch.path, "pods.json");
  writeFileSync(path, manifestOf(count));
  const startedMs = performance.now();
  const said = kwasm("up", "-d", "--timeout", "15m", path);
  const readyMs = performance.now() - startedMs;
  const address = / answers at (\S+)/u.exec(said)?.[1] ?? "";
  for (let left = 2 * count; left > 0; left -= 1) await ask(address);
  const client = await connectIfRunning(state);
  const { pid } = (await client?.health()) ?? {};
  if (pid === undefined) throw new Error("control does not run");
  // What requests and the start left behind is collected.
  await setTimeout(10_000);
  const pids = descendantsOf(pid);
  const before = cpuSecondsOf(pids);
  await setTimeout(seconds * 1_000);
  const computed = cpuSecondsOf(pids) - before;
  return {
    what: `${count} applications`,
    figures: {
      "ready s": readyMs / 1_000,
      MiB: memoryMibOf(pids),
      "CPU ms a second": (computed / seconds) * 1_000,
      processes: pids.length,
    },
  };
}

async function ask(address: string): Promise<void> {
  const answer = await fetch(`http://${address}/hello`, { headers: { connection: "close" } });
  const body = await answer.text();
  if (body !== "Hello from WebAssembly\n") throw new Error(`${address} answered "${body}"`);
}

try {
  kwasm("build", application, "-t", "hello:v1");
  const rows = [await measure(1), await measure(pods)];
  printReport({ bench: "idle-spin-apps", notes: ["MiB: proportional set sizes of control and all below it"], rows });
} finally {
  kwasm("down");
}
