import assert from "node:assert/strict";

import type { Cluster } from "../cluster.ts";
import { execute } from "./first-steps.ts";

const denyAll = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all}
spec:
  podSelector: {matchLabels: {app: everywhere}}
  policyTypes: [Ingress]
`;

/**
 * The rig's network has no engine for policies, so nothing acts on the object. What an engine does on a node is done by
 * hand: a rule of the node's firewall for the pod's address. A guest whose packets took another way would not care.
 */
export async function filterPackets(cluster: Cluster): Promise<void> {
  await cluster.apply(denyAll);
  const onSecond = "-o=jsonpath={.items[?(@.spec.nodeName=='node-2')].status.podIP}";
  const address = await cluster.kubectl("get", "pods", "--selector=app=everywhere", onSecond);
  const ask = `busybox wget -q -O - http://${address}:8080/healthz || echo refused`;
  assert.equal(await execute(cluster, "client", ask), "ok\n");
  const rule = ["FORWARD", "-d", address, "-p", "tcp", "-j", "REJECT"];
  await cluster.node(2).run("iptables", "-I", ...rule);
  assert.match(await execute(cluster, "client", ask), /refused\n$/u);
  await cluster.node(2).run("iptables", "-D", ...rule);
  assert.equal(await execute(cluster, "client", ask), "ok\n");
  await cluster.kubectl("delete", "networkpolicy/deny-all");
}
