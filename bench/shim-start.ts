import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { openPrefix } from "../e2e/containerd/prefix.ts";
import { printReport } from "./measure/report.ts";
import { median, quantile } from "./measure/statistics.ts";

/**
 * How long containerd waits for the shim script of a container when the process behind it serves: what every container
 * pays. Beside a shell that does nothing, which is the floor, and runc's shim, which here only starts and says its
 * version. `--shim PATH` measures another script in the same run, such as one of an earlier commit.
 */
const STARTS = 200;
/** The first starts read files that are not in the page cache yet. */
const STARTS_BEFORE = 20;

const { values } = parseArgs({ options: { shim: { type: "string" }, json: { type: "boolean" } } });
const stub = resolve(import.meta.dirname, "../src/shim/containerd-shim-kwasm-v1");

using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-bench-"));
const bundle = join(directory.path, "bundle");
const address = join(directory.path, "c.sock");
mkdirSync(bundle);

const words = ["-namespace", "k8s.io", "-address", address, "-publish-binary", "/usr/bin/containerd", "-id", "a"];
const { programs } = await openPrefix("1.6");
const runc = join(programs[0] ?? "", "containerd-shim-runc-v2");

const commands: Readonly<Record<string, readonly [program: string, ...string[]]>> = {
  "sh -c :": ["/bin/sh", "-c", ":"],
  start: [stub, ...words, "start"],
  ...(values.shim === undefined ? {} : { "start, the other": [resolve(values.shim), ...words, "start"] }),
  "delete of a living one": [stub, ...words, "-bundle", bundle, "delete"],
  "runc's shim -v": [runc, "-v"],
};

function time([program, ...args]: readonly [string, ...string[]]): number {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(program, args, { cwd: bundle });
  const tookMs = performance.now() - startedMs;
  if (status !== 0) throw new Error(`${program} ended with ${String(status)}: ${String(stderr)}`);
  return tookMs;
}

const samples = new Map(Object.keys(commands).map((what) => [what, [] as number[]]));
time([stub, ...words, "start"]);
const pid = Number(readFileSync(`${address}.kwasm/pid`, "utf8").split(" ")[0]);
try {
  for (let round = 0; round < STARTS_BEFORE; round++) Object.values(commands).map(time);
  for (let round = 0; round < STARTS; round++) {
    for (const [what, command] of Object.entries(commands)) samples.get(what)?.push(time(command));
  }
} finally {
  process.kill(pid, "SIGTERM");
  // It still has files in the folder that is removed next, and is a child of init.
  spawnSync("tail", [`--pid=${String(pid)}`, "--sleep-interval=0.05", "--follow", "/dev/null"]);
}

const floor = median(samples.get("sh -c :") ?? []);
printReport({
  bench: "shim start",
  notes: [`${String(STARTS)} starts of each, in turns`],
  rows: [...samples].map(([what, tookMs]) => ({
    what,
    figures: { "p50 ms": median(tookMs), "p10 ms": quantile(tookMs, 0.1), "p50 / floor": median(tookMs) / floor },
  })),
});
