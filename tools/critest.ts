import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { KwasmError } from "#base";

import { containerdVersions, openPrefix } from "../e2e/containerd/prefix.ts";
import type { ContainerdRig } from "../e2e/containerd/rig.ts";
import { startWasmRig } from "../e2e/containerd/wasm-rig.ts";
import expected from "./critest/expected.json" with { type: "json" };
import { testImages, writeCritestLayout } from "./critest/images.ts";
import { readReport, type TestResult } from "./critest/report.ts";

/**
 * Runs critest, by which cri-tools validates container runtimes, against a rig of ours, and compares what passes with
 * tools/critest/expected.json. It is made by `go test -c sigs.k8s.io/cri-tools/cmd/critest`, in a Go module that
 * requires sigs.k8s.io/cri-tools.
 *
 * `--critest PROGRAM` · `--handler spin|runc` · `--containerd 1.6|1.7|2` · `--focus REGEXP` · `--print` each result, and
 * what critest said · `--write` what passed into the list
 */
const { values } = parseArgs({
  options: {
    critest: { type: "string" },
    handler: { type: "string", default: "spin" },
    containerd: { type: "string", default: "2" },
    focus: { type: "string", default: "" },
    print: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

/** What tests containerd's own image service with public registries, and no runtime. */
const SKIPPED = "Image Manager";

interface CritestRun {
  readonly critest: string;
  readonly folder: string;
}

/** What became of each test, by its name. */
async function runCritest(
  rig: ContainerdRig,
  { critest, folder }: CritestRun,
): Promise<ReadonlyMap<string, TestResult>> {
  mkdirSync(folder);
  const [imagesFile, report] = [join(folder, "images.yaml"), join(folder, "report.json")];
  // YAML is a superset of JSON.
  writeFileSync(imagesFile, JSON.stringify(testImages));
  const endpoint = `unix://${rig.address}`;
  const words = ["--runtime-endpoint", endpoint, "--image-endpoint", endpoint, "--runtime-handler", values.handler];
  words.push("--test-images-file", imagesFile, "--ginkgo.json-report", report, "--ginkgo.no-color");
  words.push("--ginkgo.skip", SKIPPED, "--ginkgo.focus", values.focus);
  // It fails where one of its tests does; which ones is in its report.
  await rig.run(["sh", "-c", '"$@" >"$0" 2>&1 || true', join(folder, "log"), critest, ...words]);
  return readReport(report);
}

/** Where the results are not those that the list says: what broke, what is unexplained, and what could be listed. */
function compare(results: ReadonlyMap<string, TestResult>): readonly string[] {
  const known: ReadonlySet<string> = new Set(expected.passes);
  const excuses = Object.keys(expected.doesNotApply);
  return [...results].flatMap(([name, result]) => {
    if (result === "passed" && !known.has(name)) return [`passed, and is not on the list: ${name}`];
    if (result !== "failed") return [];
    if (known.has(name)) return [`passes by the list, and failed: ${name}`];
    return excuses.some((excuse) => name.includes(excuse)) ? [] : [`failed, and the list does not say why: ${name}`];
  });
}

function write(results: ReadonlyMap<string, TestResult>): void {
  const passes = [...results].filter(([, result]) => result === "passed").map(([name]) => name);
  const list = { ...expected, passes: passes.toSorted() };
  writeFileSync(join(import.meta.dirname, "critest/expected.json"), `${JSON.stringify(list, undefined, 2)}\n`);
}

function printAll(results: ReadonlyMap<string, TestResult>, log: string): void {
  console.log(readFileSync(log, "utf8"));
  for (const name of [...results.keys()].toSorted()) console.log(`${String(results.get(name))}\t${name}`);
}

const version = containerdVersions.find((one) => one === values.containerd);
const { critest } = values;
if (critest === undefined || version === undefined) {
  const versions = containerdVersions.join(", ");
  throw new KwasmError("invalid-argument", `running critest: give --critest, and --containerd as one of ${versions}`);
}
await using rig = await startWasmRig(version);
const { busybox } = await openPrefix(version);
await rig.importLayout(await writeCritestLayout(join(rig.directory, "critest-images"), busybox));
const folder = join(rig.directory, "critest");
const results = await runCritest(rig, { critest, folder });
if (values.print) printAll(results, join(folder, "log"));
const counts = ["passed", "failed", "skipped"].map((wanted) => {
  return `${String([...results.values()].filter((result) => result === wanted).length)} ${wanted}`;
});
console.log(`critest, handler ${values.handler}, containerd ${version}: ${counts.join(", ")}`);
if (values.write) write(results);
const differences = values.write ? [] : compare(results);
for (const difference of differences) console.log(difference);
if (differences.length > 0) process.exitCode = 1;
