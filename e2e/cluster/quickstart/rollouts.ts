import assert from "node:assert/strict";

import { askUntil } from "../../containerd/ask-until.ts";
import type { Cluster } from "../cluster.ts";
import { execute } from "./first-steps.ts";

const deployment = "deployment/hello-wasm";

/**
 * Nodes hear of pods that have come and gone a little later than a rollout ends: until then a request may be sent to one
 * that has gone, and is answered by nobody.
 */
async function checkGreeting(cluster: Cluster, expected: RegExp): Promise<void> {
  await cluster.kubectl("rollout", "status", deployment, "--timeout=180s");
  await askUntil(`a greeting like ${expected}`, async () => {
    const answer = await execute(cluster, "client", "busybox timeout 3 busybox wget -q -O - http://hello-wasm || :");
    return expected.test(answer) || undefined;
  });
}

export async function updateAndRollBack(cluster: Cluster): Promise<void> {
  await cluster.kubectl("set", "env", deployment, "HOSTNAME=second");
  await checkGreeting(cluster, /^Hello from second\n$/u);
  await cluster.kubectl("rollout", "undo", deployment);
  await checkGreeting(cluster, /^Hello from hello-wasm-\w+-\w+\n$/u);
  assert.match(await cluster.kubectl("rollout", "history", deployment), /\n2 .*\n3 /u);
}

/** It never serves, so it takes the place of none that does. */
export async function updateToWhatFails(cluster: Cluster): Promise<void> {
  await cluster.kubectl("set", "image", deployment, "hello=files:v1");
  await cluster.kubectl("wait", deployment, "--for=jsonpath={.status.unavailableReplicas}=1", "--timeout=180s");
  const ofNew = '-o=jsonpath={.items[?(@.spec.containers[0].image=="files:v1")].metadata.name}';
  const pod = await cluster.kubectl("get", "pods", ofNew);
  const isFailing = "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff";
  await cluster.kubectl("wait", `pod/${pod}`, isFailing, "--timeout=180s");
  assert.match(await cluster.kubectl("get", deployment), /\nhello-wasm +3\/3 +1 +3 /u);
  await cluster.kubectl("rollout", "undo", deployment);
  await checkGreeting(cluster, /^Hello from hello-wasm-\w+-\w+\n$/u);
}
