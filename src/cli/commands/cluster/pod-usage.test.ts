import assert from "node:assert/strict";
import { test } from "node:test";

import type { KubeObject } from "#kube";

import { sortUsage, tableOfUsage, type UsageOrder, usageOfPods } from "./pod-usage.ts";
import { makePod } from "./testing/objects.ts";

function metricsOf(name: string, ...usages: readonly object[]): KubeObject {
  const containers = usages.map((usage, place) => ({ name: `c${String(place)}`, usage }));
  return {
    apiVersion: "metrics.k8s.io/v1beta1",
    kind: "PodMetrics",
    metadata: { name, namespace: "shop" },
    containers,
  };
}

function podOn(name: string, runtimeClassName?: string): KubeObject {
  return makePod(name, { spec: { runtimeClassName, nodeName: "n1" } });
}

const pods = [
  podOn("busy", "kwasm"),
  podOn("big", "kwasm"),
  podOn("new", "kwasm"),
  podOn("native"),
  podOn("other", "runsc"),
];
const metrics = [
  metricsOf("busy", { cpu: "12345678n", memory: "2048Ki" }, { cpu: "1m", memory: "1Mi" }),
  metricsOf("big", { cpu: "0", memory: "1Gi" }),
  metricsOf("native", { cpu: "2", memory: "1Gi" }),
];
const usage = usageOfPods(pods, metrics, new Set(["kwasm"]));

function check(order: UsageOrder, expected: readonly string[]): void {
  test(`by ${order}`, () => {
    const { rows } = tableOfUsage(sortUsage(usage, order), false);
    assert.deepEqual(
      rows.map((row) => row.join(" ")),
      expected,
    );
  });
}

check("cpu", ["busy n1 14m 3Mi", "big n1 0m 1024Mi", "new n1 <unknown> <unknown>"]);
check("memory", ["big n1 0m 1024Mi", "busy n1 14m 3Mi", "new n1 <unknown> <unknown>"]);
check("name", ["big n1 0m 1024Mi", "busy n1 14m 3Mi", "new n1 <unknown> <unknown>"]);

test("across namespaces each row begins with its own", () => {
  const { headers, rows } = tableOfUsage(usage.slice(0, 1), true);
  assert.deepEqual([headers[0], rows[0]?.[0]], ["NAMESPACE", "shop"]);
});

test("an amount that is none is told with the pod's name", () => {
  const broken = [metricsOf("busy", { cpu: "much" })];
  assert.throws(() => usageOfPods(pods, broken, new Set(["kwasm"])), /metrics of Pod "shop\/busy": .*"much"/u);
});
