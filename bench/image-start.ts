import { execFileSync } from "node:child_process";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";

import { RegistryServer } from "../e2e/registry/registry-server.ts";
import { bundleEntries } from "../tools/bundle-entries.ts";
import { printReport, type Row } from "./measure/report.ts";

/**
 * What an image costs on the way to its guest: the size of the quickstart's, and the time from a name in a registry of this
 * machine to the guest's end, beside the same guest run from its file. Both in turns, in one process; that and its cells run
 * from a bundle, as users have it.
 */
const root = join(import.meta.dirname, "..");
const hello = join(root, "examples/quickstart/hello/hello.wasm");

using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-bench-"));
const entries: Readonly<Record<string, string>> = { ...bundleEntries, "bench.js": "bench/image-start-child-main.ts" };
for (const name of ["bench.js", "cell.js", "spawner-worker.js"]) {
  await bundle(entries[name] ?? "", join(scratch.path, name));
}
writeFileSync(join(scratch.path, "package.json"), '{ "type": "module" }\n');

await using registry = await RegistryServer.start();
const words = [
  "--disable-warning=ExperimentalWarning",
  join(scratch.path, "bench.js"),
  scratch.path,
  registry.host,
  hello,
];
const env = { ...process.env, NODE_COMPILE_CACHE: join(scratch.path, "compile-cache") };
const output = execFileSync(process.execPath, words, { encoding: "utf8", env, stdio: ["ignore", "pipe", "inherit"] });
printReport({
  bench: "image-start",
  notes: [
    "kB: all blobs of the quickstart's image (goal 100), beside its module",
    "ms: pull and unpack, what this process computed in it, then run to its end in a new cell (goal 100 together); run from a file",
  ],
  // The child is ours and prints just this.
  rows: JSON.parse(output) as Row[],
});

/** As `tools/bundle.ts` makes the product's files. */
async function bundle(entry: string, file: string): Promise<void> {
  await using build = await rolldown({ input: join(root, entry), cwd: root, platform: "node", logLevel: "warn" });
  await build.write({ file, format: "esm", codeSplitting: false });
}
