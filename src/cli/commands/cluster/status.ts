import { stringify } from "yaml";

import { isRuntimeHandler } from "#api";
import { KwasmError } from "#base";
import { type KubeClient, resourceTypes } from "#kube";
import { formatTable } from "#local";

import { defineCommand } from "../../frame/command.ts";
import { EXIT_OK } from "../../frame/exit-codes.ts";
import { writeText } from "../../frame/write-text.ts";
import { nodeNamesOf } from "./node-arguments.ts";
import { viewClusterNode } from "./cluster-node.ts";
import { type ClusterStatus, statusOfCluster, tableOfClasses, tableOfNodes } from "./cluster-status.ts";
import { connectCluster, connectionOptions } from "./connect-cluster.ts";
import { findOperatorsIfAllowed, provisionsAll } from "./find-operators.ts";
import { listShims } from "./list-shims.ts";
import { findWasmClasses, handlersOfShims } from "./wasm-class.ts";

const formats = ["table", "wide", "json", "yaml"] as const;

export const statusCommand = defineCommand({
  name: "status",
  summary: "Show which nodes have the runtime, and which RuntimeClasses lead to them",
  operands: "[NODE…]",
  description: `
Shows for each node whether it is to have the runtime, whether Wasm pods can be started there, and what the operator says
of it; then the RuntimeClasses of Wasm, with how many of the nodes that they select serve them.

  kubectl kwasm status
  kubectl kwasm status worker-1 -o wide
  kubectl kwasm status -o json`,
  options: {
    output: { short: "o", value: "FORMAT", summary: "wide, json or yaml (default: tables)" },
    selector: { short: "l", value: "LABELS", summary: "Only nodes with these labels" },
    ...connectionOptions,
  },
  async run({ options, operands }, io) {
    const format = parseFormat(options.output);
    using client = await connectCluster(options, io);
    const status = await readStatus(
      client,
      { names: nodeNamesOf(operands), labelSelector: options.selector },
      io.interrupted(),
    );
    await writeText(io.stdout, formatStatus(status, format));
    return EXIT_OK;
  },
});

interface NodeSelection {
  readonly names: readonly string[];
  readonly labelSelector: string | undefined;
}

/** Counts of classes are of all nodes, whichever are asked for. */
async function readStatus(client: KubeClient, asked: NodeSelection, signal: AbortSignal): Promise<ClusterStatus> {
  const [all, selected, classes, shims, operators] = await Promise.all([
    client.list(resourceTypes.node, { signal }),
    asked.labelSelector === undefined ? undefined : client.list(resourceTypes.node, { ...asked, signal }),
    client.list(resourceTypes.runtimeClass, { signal }),
    listShims(client, signal),
    findOperatorsIfAllowed(client, signal),
  ]);
  const shimHandlers = handlersOfShims(shims);
  const status = statusOfCluster({
    nodes: all.map(viewClusterNode),
    classes: findWasmClasses(classes, shimHandlers),
    isAutomatic: provisionsAll(operators),
    isWasmHandler: (handler) => isRuntimeHandler(handler) || shimHandlers.has(handler),
  });
  const known = new Set((selected ?? all).map(({ metadata }) => metadata.name));
  const absent = asked.names.find((name) => !known.has(name));
  if (absent !== undefined) {
    throw new KwasmError("not-found", `find Node "${absent}": there is none; see 'kubectl get nodes'`);
  }
  const isAsked = (name: string) => (asked.names.length === 0 ? known.has(name) : asked.names.includes(name));
  return { ...status, nodes: status.nodes.filter(({ name }) => isAsked(name)) };
}

function parseFormat(text: string | undefined): (typeof formats)[number] {
  const format = formats.find((known) => known === (text ?? "table"));
  if (format !== undefined) return format;
  throw new KwasmError("invalid-argument", `read --output "${text ?? ""}": give one of wide, json, yaml`);
}

function formatStatus(status: ClusterStatus, format: (typeof formats)[number]): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(status, undefined, 4)}\n`;
    case "yaml":
      return stringify(status, { lineWidth: 0 });
    case "table":
    case "wide": {
      const tables = [tableOfNodes(status, format === "wide"), tableOfClasses(status)];
      return tables.map(({ headers, rows }) => formatTable(headers, rows)).join("\n");
    }
    default:
      return format satisfies never;
  }
}
