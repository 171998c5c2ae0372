/**
 * What an operator needs while nothing is to be done, with many Nodes: memory, CPU, and requests to a real API server.
 * `--nodes 1000 --seconds 60`; each `--peer PATH` adds an operator of others, such as KWasm's own or
 * runtime-class-manager, both Go programs. Needs root for mount namespaces.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { nodeCommand } from "#base";
import { createKubeClient, type KubeClient, loadConnection } from "#kube";

import { type ApiServer, startApiServer } from "../../e2e/cluster/api-server.ts";
import { defineShims } from "../../e2e/cluster/operator-fixture.ts";
import { operatorNodeOptions } from "../../tools/images/operator-options.ts";
import { printReport, type Row } from "../measure/report.ts";
import { beat, makeNodes } from "./large-nodes.ts";
import { asPod, makeAccount } from "./service-account.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
    peer: { type: "string", multiple: true, default: [] },
    json: { type: "boolean" },
  },
});
const nodeCount = Number(values.nodes);
const seconds = Number(values.seconds);
const namespace = "kwasm-bench";
/** What kubelets write of this many Nodes each second: every five minutes one. */
const beatsASecond = nodeCount / 300;
/** What is allocated while starting has been freed by then. */
const SETTLE_MS = 15_000;
const TICKS_A_SECOND = 100;

const root = join(import.meta.dirname, "../..");
execFileSync(process.execPath, [join(root, "tools/bundle.ts")], { stdio: "inherit" });

await using server = await startApiServer();
const connection = await loadConnection({ env: {}, kubeconfig: server.kubeconfig });
using client = createKubeClient({ connection });
const account = await makeAccount(server, client, namespace);
const names = await makeNodes(client, nodeCount);
// Some operators of others do not start where the API does not know Shims.
await defineShims(client);

const [node, ...words] = nodeCommand();
const ours = [node, ...words, ...operatorNodeOptions, join(root, "dist/current/operator.js")];
const rows: Row[] = await measure("kwasm operator", ours, server, client);
for (const peer of values.peer) rows.push(...(await measure(basename(peer), [peer], server, client)));
printReport({
  bench: `operator at rest, ${nodeCount} Nodes`,
  notes: [
    "MiB: anonymous memory is the process' own; PSS divides what other processes have too",
    `requests: other than watches and the lease in ${seconds} s; goal 0`,
    `heartbeats: ${beatsASecond.toFixed(1)} Nodes a second are written, as by their kubelets`,
  ],
  rows,
});

async function measure(what: string, command: readonly string[], api: ApiServer, writer: KubeClient): Promise<Row[]> {
  await using operator = await start(command, api);
  const atRest = await watchIt(operator, () => sleep(seconds * 1000));
  const withBeats = await watchIt(operator, () => keepBeating(writer));
  return [
    { what, figures: atRest },
    { what: `${what}, heartbeats`, figures: withBeats },
  ];
}

interface Running extends AsyncDisposable {
  readonly pid: number;
}

async function start(command: readonly string[], api: ApiServer): Promise<Running> {
  const { hostname, port } = new URL(api.url);
  const env = {
    ...process.env,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    CONTROLLER_NAMESPACE: namespace,
    AUTO_PROVISION_NODES: "false",
  };
  const [program = "", ...rest] = asPod(account, [...command, "--leader-elect"]);
  const child = spawn(program, rest, { env, stdio: ["ignore", "ignore", "ignore"] });
  await sleep(SETTLE_MS);
  if (child.exitCode !== null || child.pid === undefined) throw new Error(`"${command.join(" ")}" has ended`);
  return { pid: child.pid, [Symbol.asyncDispose]: () => endOf(child) };
}

async function endOf(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

async function watchIt({ pid }: Running, wait: () => Promise<void>): Promise<Row["figures"]> {
  const before = { cpu: cpuSeconds(pid), requests: await countRequests() };
  await wait();
  const { Rss = 0, Pss = 0, Anonymous = 0 } = memoryOf(pid);
  return {
    "RSS MiB": Rss / 1024,
    "PSS MiB": Pss / 1024,
    "anonymous MiB": Anonymous / 1024,
    "CPU ms/s": ((cpuSeconds(pid) - before.cpu) * 1000) / seconds,
    requests: (await countRequests()) - before.requests,
  };
}

async function keepBeating(writer: KubeClient): Promise<void> {
  const untilMs = Date.now() + seconds * 1000;
  for (let index = 0; Date.now() < untilMs; index += 1) {
    await beat(writer, names[index % names.length] ?? "");
    await sleep(Math.min(1000 / beatsASecond, untilMs - Date.now()));
  }
}

function memoryOf(pid: number): Readonly<Record<string, number>> {
  const lines = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^(?<name>\w+): +(?<kib>\d+) kB$/gmu);
  return Object.fromEntries(lines.map(({ groups }) => [groups?.["name"] ?? "", Number(groups?.["kib"])]));
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** By the operator's own count, in which a watch is counted when it begins; a lease is renewed by PUT. */
async function countRequests(): Promise<number> {
  const text = await (await fetch("http://127.0.0.1:8080/metrics")).text();
  const counts = text.matchAll(/^rest_client_requests_total\{(?<labels>[^}]*)\} (?<count>\d+)$/gmu);
  return counts
    .filter(({ groups }) => !(groups?.["labels"]?.includes('method="PUT"') ?? false))
    .reduce((sum, { groups }) => sum + Number(groups?.["count"]), 0);
}
