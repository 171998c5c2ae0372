import { parseQuantity, quantityToMilli, quantityToNumber } from "#api";
import { KwasmError } from "#base";
import { fieldAt, keyOf, type KubeObject, listAt, textAt } from "#kube";

import type { Table } from "./cluster-status.ts";

/** What a Wasm pod uses; undefined where nothing was measured yet. */
export interface PodUsage {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly cpuMilli: number | undefined;
  readonly memoryBytes: number | undefined;
}

export type UsageOrder = "cpu" | "memory" | "name";

/** The pods of these classes with what `metrics`, PodMetrics of metrics.k8s.io/v1beta1, say of them. */
export function usageOfPods(
  pods: readonly KubeObject[],
  metrics: readonly KubeObject[],
  classNames: ReadonlySet<string>,
): readonly PodUsage[] {
  const measured = new Map(metrics.map((one) => [keyOf(one.metadata), one]));
  const ofWasm = pods.filter(({ spec }) => classNames.has(textAt(spec, "runtimeClassName") ?? ""));
  return ofWasm.map(({ metadata, spec }) => {
    const one = measured.get(keyOf(metadata));
    return {
      namespace: metadata.namespace ?? "",
      name: metadata.name,
      node: textAt(spec, "nodeName") ?? "",
      cpuMilli: one && sumOf(one, "cpu", quantityToMilli),
      memoryBytes: one && sumOf(one, "memory", quantityToNumber),
    };
  });
}

function sumOf(metrics: KubeObject, resource: string, toNumber: typeof quantityToMilli): number {
  const containers = listAt(metrics, "containers");
  return containers.reduce<number>((sum, container) => {
    const text = fieldAt(container, "usage", resource);
    return sum + (typeof text === "string" ? toNumber(readQuantity(text, metrics)) : 0);
  }, 0);
}

function readQuantity(text: string, { metadata }: KubeObject) {
  try {
    return parseQuantity(text);
  } catch (thrown) {
    const action = `read the metrics of Pod "${keyOf(metadata)}"`;
    throw new KwasmError("corrupt", `${action}: ${KwasmError.from(thrown, action).message}`, { cause: thrown });
  }
}

/** The most first; pods that were not measured last. */
export function sortUsage(usage: readonly PodUsage[], order: UsageOrder): readonly PodUsage[] {
  const names = usage.toSorted((left, right) => compareTexts(keyOf(left), keyOf(right)));
  if (order === "name") return names;
  const field = order === "cpu" ? "cpuMilli" : "memoryBytes";
  return names.toSorted((left, right) => (right[field] ?? -1) - (left[field] ?? -1));
}

function compareTexts(left: string, right: string): number {
  return Number(left > right) - Number(left < right);
}

const MIB = 1024 * 1024;

/** In the units of `kubectl top`. */
export function tableOfUsage(usage: readonly PodUsage[], isAcrossNamespaces: boolean): Table {
  const headers = ["NAME", "NODE", "CPU(cores)", "MEMORY(bytes)"];
  const rows = usage.map(({ namespace, name, node, cpuMilli, memoryBytes }) => {
    const cpu = cpuMilli === undefined ? "<unknown>" : `${String(cpuMilli)}m`;
    const memory = memoryBytes === undefined ? "<unknown>" : `${String(Math.floor(memoryBytes / MIB))}Mi`;
    return [...(isAcrossNamespaces ? [namespace] : []), name, node || "<none>", cpu, memory];
  });
  return { headers: isAcrossNamespaces ? ["NAMESPACE", ...headers] : headers, rows };
}
