import { parseArgs } from "node:util";

import { startCluster } from "../../e2e/cluster/cluster.ts";
import { descendantsOf } from "../measure/process-tree.ts";
import { readMemory } from "../measure/process-memory.ts";
import { printReport, type Row } from "../measure/report.ts";
import { median } from "../measure/statistics.ts";
import { type Contender, kwasm, kwasmOperator, runtimeClassManager } from "./contenders.ts";
import { pushGuests } from "./guest-images.ts";

/**
 * From what users do to a node until the first Wasm pod runs there, with our operator and with others', each on a fresh
 * cluster with all images on the node. The pod is there from the start, or as soon as its class is.
 *
 * `--rounds 3` · `--only REGEXP` · `--kwasm CHECKOUT --kwasm-program FILE` KWasm's operator ·
 * `--manager CHECKOUT --manager-programs FOLDER` runtime-class-manager, the folder with `rcm` and `node-installer`
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    kwasm: { type: "string" },
    "kwasm-program": { type: "string", default: "" },
    manager: { type: "string" },
    "manager-programs": { type: "string", default: "" },
    json: { type: "boolean" },
  },
});
const contenders = [
  ...kwasm,
  ...(values.kwasm === undefined ? [] : [kwasmOperator(values.kwasm, values["kwasm-program"])]),
  ...(values.manager === undefined ? [] : [runtimeClassManager(values.manager, values["manager-programs"])]),
].filter(({ what }) => new RegExp(values.only).test(what));

const samples = new Map<string, Row["figures"][]>();
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const contender of contenders) {
    const figures = await measure(contender);
    process.stderr.write(`${contender.what}: ${JSON.stringify(figures)}\n`);
    samples.set(contender.what, [...(samples.get(contender.what) ?? []), figures]);
  }
}
printReport({
  bench: "from the annotation, or the Shim, to the first Wasm pod",
  notes: [
    `medians of ${values.rounds} rounds, each on a cluster of its own, in turns`,
    "labelled: the node has the label by which the operator says that it serves Wasm",
    "refused: how often kubelet said that the pod's sandbox could not be made",
    "RSS and PSS of the operator after that, in MiB",
  ],
  rows: [...samples].map(([what, figures]) => ({ what, figures: medians(figures) })),
});

async function measure({ install, ask, label, runtimeClass, command }: Contender): Promise<Row["figures"]> {
  await using cluster = await startCluster();
  await pushGuests(cluster.registry, cluster.directory);
  await install(cluster);
  const startedMs = performance.now();
  const sinceStart = (): number => (performance.now() - startedMs) / 1000;
  await ask(cluster);
  const labelled = async (): Promise<number> => {
    const { key, value } = label;
    const path = `{.metadata.labels.${key.replaceAll(".", "\\.")}}${value === undefined ? "" : `=${value}`}`;
    await cluster.kubectl("wait", "node/node-1", `--for=jsonpath=${path}`, "--timeout=120s");
    return sinceStart();
  };
  const running = async (): Promise<number> => {
    await cluster.kubectl("wait", `runtimeclass/${runtimeClass}`, "--for=create", "--timeout=120s");
    await cluster.apply(podOf(runtimeClass));
    await cluster.kubectl("wait", "pod/first", "--for=condition=Ready", "--timeout=120s");
    return sinceStart();
  };
  const [labelledSeconds, runningSeconds] = await Promise.all([labelled(), running()]);
  const events = ["get", "events", "--field-selector=reason=FailedCreatePodSandBox"];
  const counts = await cluster.kubectl(...events, "--output=jsonpath={.items[*].count}");
  const refused = counts.split(" ").reduce((sum, count) => sum + Number(count), 0);
  const memory = readMemory(descendantsOf(cluster.node(1).pid), command);
  return { "labelled s": labelledSeconds, "running s": runningSeconds, refused, ...memory };
}

function podOf(runtimeClass: string): string {
  return `
apiVersion: v1
kind: Pod
metadata: {name: first}
spec:
  runtimeClassName: ${runtimeClass}
  terminationGracePeriodSeconds: 1
  containers:
  - name: idle
    image: localhost/idle:v1
    resources: {limits: {memory: 32Mi}}
`;
}

function medians(figures: readonly Row["figures"][]): Row["figures"] {
  const names = Object.keys(figures[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(figures.map((one) => one[name] ?? Number.NaN))]));
}
