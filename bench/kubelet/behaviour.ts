import { parseArgs } from "node:util";

import { KwasmError } from "#base";

import { messageOf } from "../../e2e/stress/stress-rig.ts";
import { Cluster } from "./cluster.ts";
import { disturbances } from "./disturbances.ts";
import { importImages } from "./images.ts";
import { namespace, namespaceObject, wasmClass } from "./objects.ts";
import { podChecks } from "./pod-checks.ts";

/**
 * What users of a cluster see of our pods beside the plain run of one, and what happens to them when processes of the
 * node are stopped or killed. Says of each whether it is as it should be, and what was seen.
 *
 * `--node-pid PID` process 1 of the node · `--only REGEXP` of names · `--pods 50` while processes are killed
 */
const { values } = parseArgs({
  options: {
    "node-pid": { type: "string" },
    only: { type: "string", default: "" },
    pods: { type: "string", default: "50" },
  },
});
const nodePid = Number(values["node-pid"]);
if (!Number.isInteger(nodePid)) throw new KwasmError("invalid-argument", 'reading "--node-pid": give a process id');

await using cluster = await Cluster.open(nodePid);
await importImages(cluster);
const chosen = new RegExp(values.only);
const checks = [...podChecks, ...disturbances(Number(values.pods))].filter(({ what }) => chosen.test(what));
await cluster.apply(namespaceObject, wasmClass);
for (const { what, run } of checks) {
  try {
    console.log(`ok      ${what}: ${await run(cluster)}`);
  } catch (error) {
    console.log(`NOT OK  ${what}: ${messageOf(error).replaceAll("\n", " ")}`);
    process.exitCode = 1;
  } finally {
    await cluster.kubectl("--namespace", namespace, "delete", "deployments,pods", "--all", "--wait=true");
  }
}
await cluster.kubectl("delete", "namespace", namespace, "--wait=true");
