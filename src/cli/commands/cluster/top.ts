import { KwasmError } from "#base";
import {
  isApiError,
  type KubeClient,
  type KubeObject,
  type ListOptions,
  type ResourceType,
  resourceTypes,
} from "#kube";
import { formatTable } from "#local";

import { defineCommand } from "../../frame/command.ts";
import { EXIT_OK } from "../../frame/exit-codes.ts";
import { writeText } from "../../frame/write-text.ts";
import { refuseMore } from "../operands.ts";
import { connectCluster, connectionOptions } from "./connect-cluster.ts";
import { listShims } from "./list-shims.ts";
import { sortUsage, tableOfUsage, type UsageOrder, usageOfPods } from "./pod-usage.ts";
import { findWasmClasses, handlersOfShims } from "./wasm-class.ts";

const podMetrics: ResourceType = {
  apiVersion: "metrics.k8s.io/v1beta1",
  kind: "PodMetrics",
  plural: "pods",
  isNamespaced: true,
};

const orders: readonly UsageOrder[] = ["cpu", "memory", "name"];

export const topCommand = defineCommand({
  name: "top",
  summary: "Show what Wasm pods use of processors and memory",
  operands: "",
  description: `
Shows the pods whose RuntimeClass is one of Wasm, as 'kubectl top pods' does, the busiest first. The numbers are those of the
cluster's metrics API, which metrics-server brings.

  kubectl kwasm top -A
  kubectl kwasm top -n shop --sort-by memory`,
  options: {
    namespace: { short: "n", value: "NAME", summary: "Of this namespace (default: the context's)" },
    "all-namespaces": { short: "A", summary: "Of every namespace" },
    selector: { short: "l", value: "LABELS", summary: "Only pods with these labels" },
    "sort-by": { value: "FIELD", summary: "cpu, memory or name (default cpu)" },
    ...connectionOptions,
  },
  async run({ options, operands }, io) {
    refuseMore(operands);
    const order = parseOrder(options["sort-by"]);
    using client = await connectCluster(options, io);
    const isAcross = options["all-namespaces"];
    const namespace = isAcross ? undefined : (options.namespace ?? client.connection.namespace);
    const selection = { namespace, labelSelector: options.selector, signal: io.interrupted() };
    const [classNames, pods, metrics] = await Promise.all([
      readClassNames(client, selection.signal),
      client.list(resourceTypes.pod, selection),
      readMetrics(client, selection),
    ]);
    const usage = sortUsage(usageOfPods(pods, metrics, classNames), order);
    const { headers, rows } = tableOfUsage(usage, isAcross);
    if (rows.length > 0) await writeText(io.stdout, formatTable(headers, rows));
    else {
      io.stderr.write(
        namespace === undefined ? "No Wasm pods found\n" : `No Wasm pods found in ${namespace} namespace.\n`,
      );
    }
    return EXIT_OK;
  },
});

async function readClassNames(client: KubeClient, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const [classes, shims] = await Promise.all([
    client.list(resourceTypes.runtimeClass, { signal }),
    listShims(client, signal),
  ]);
  return new Set(findWasmClasses(classes, handlersOfShims(shims)).map(({ name }) => name));
}

async function readMetrics(client: KubeClient, selection: ListOptions): Promise<readonly KubeObject[]> {
  try {
    return await client.list(podMetrics, selection);
  } catch (thrown) {
    if (!isApiError(thrown, "not-found", "unavailable")) throw thrown;
    const seen = thrown.reason === "not-found" ? "the cluster has no metrics API" : "its metrics API does not answer";
    const advice =
      "install metrics-server (https://github.com/kubernetes-sigs/metrics-server), or see its pods in kube-system";
    throw new KwasmError("unavailable", `ask for the metrics of pods: ${seen}; ${advice}`, { cause: thrown });
  }
}

function parseOrder(text: string | undefined): UsageOrder {
  const order = orders.find((known) => known === (text ?? "cpu"));
  if (order !== undefined) return order;
  throw new KwasmError("invalid-argument", `sort by "${text ?? ""}": give one of ${orders.join(", ")}`);
}
