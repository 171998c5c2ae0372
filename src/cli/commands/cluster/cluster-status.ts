import { isWanted } from "#operator";

import { type ClusterNode, servesHandler } from "./cluster-node.ts";
import { formatSelector, selectsNode, type WasmClass } from "./wasm-class.ts";

/** What `status` tells, in the form of its JSON. */
export interface ClusterStatus {
  readonly nodes: readonly NodeStatus[];
  readonly runtimeClasses: readonly ClassStatus[];
}

interface NodeStatus {
  readonly name: string;
  readonly wanted: boolean;
  /** Wasm pods can be started there. */
  readonly ready: boolean;
  /** Of the runtime; empty where its installer says none. */
  readonly version: string;
  readonly installerImage: string;
  readonly reason: string;
  readonly message: string;
  /** Handlers of Wasm that containerd serves; null where the kubelet does not say. */
  readonly handlers: readonly string[] | null;
}

interface ClassStatus {
  readonly name: string;
  readonly handler: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Nodes that its pods may be put on, and those of them on which they start. */
  readonly nodesSelected: number;
  readonly nodesServing: number;
}

interface StatusFacts {
  readonly nodes: readonly ClusterNode[];
  readonly classes: readonly WasmClass[];
  /** Whether all nodes are wanted that do not refuse. */
  readonly isAutomatic: boolean;
  readonly isWasmHandler: (handler: string) => boolean;
}

export function statusOfCluster(facts: StatusFacts): ClusterStatus {
  return {
    nodes: facts.nodes.map((node) => statusOfNode(node, facts)),
    runtimeClasses: facts.classes.map((one) => statusOfClass(one, facts.nodes)),
  };
}

function statusOfNode(node: ClusterNode, { isAutomatic, isWasmHandler }: StatusFacts): NodeStatus {
  return {
    name: node.name,
    wanted: isWanted(node, isAutomatic),
    ready: node.isLabelled,
    version: node.installation?.version ?? "",
    installerImage: node.installation?.image ?? "",
    reason: node.condition?.reason ?? "",
    message: node.condition?.message ?? "",
    handlers: node.handlers?.filter(isWasmHandler) ?? null,
  };
}

function statusOfClass(one: WasmClass, nodes: readonly ClusterNode[]): ClassStatus {
  const serving = nodes.filter((node) => selectsNode(one, node) && servesHandler(node, one.handler));
  const selected = nodes.filter((node) => selectsNode(one, node) && (node.takesPods || serving.includes(node)));
  return { ...one, nodesSelected: selected.length, nodesServing: serving.length };
}

const nodeHeaders = ["NAME", "WANTED", "READY", "VERSION", "REASON", "MESSAGE"] as const;
const classHeaders = ["RUNTIMECLASS", "HANDLER", "NODES", "SELECTOR"] as const;

export interface Table {
  readonly headers: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** With handlers and images where the table is wide. */
export function tableOfNodes({ nodes }: ClusterStatus, isWide: boolean): Table {
  const headers = isWide ? [...nodeHeaders.slice(0, 4), "HANDLERS", "INSTALLER", ...nodeHeaders.slice(4)] : nodeHeaders;
  const rows = nodes.map((node) => {
    const state = [node.name, yesOrNo(node.wanted), yesOrNo(node.ready), node.version || NOTHING];
    const wide = [
      node.handlers === null ? "<unknown>" : node.handlers.join(",") || NOTHING,
      node.installerImage || NOTHING,
    ];
    return [...state, ...(isWide ? wide : []), node.reason || NOTHING, node.message];
  });
  return { headers, rows };
}

/** NODES is how many serve it of those that its pods may be put on. */
export function tableOfClasses({ runtimeClasses }: ClusterStatus): Table {
  const rows = runtimeClasses.map((one) => {
    const { name, handler, nodesServing, nodesSelected } = one;
    return [name, handler, `${String(nodesServing)}/${String(nodesSelected)}`, formatSelector(one) || NOTHING];
  });
  return { headers: classHeaders, rows };
}

/** As kubectl prints what is not there. */
const NOTHING = "<none>";

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}
