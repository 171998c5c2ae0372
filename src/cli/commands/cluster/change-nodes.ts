import { KwasmError } from "#base";
import { type KubeClient, resourceTypes } from "#kube";
import { type NodeView, viewNode } from "#operator";

import { printDiagnostic } from "../../frame/diagnostics.ts";
import { EXIT_FAILED, EXIT_OK } from "../../frame/exit-codes.ts";
import type { Io } from "../../frame/io.ts";
import type { OptionSpecs } from "../../frame/parse-options.ts";
import { parseDurationMs } from "../../frame/parse-values.ts";
import { connectCluster, connectionOptions } from "./connect-cluster.ts";
import { findOperatorsIfAllowed, provisionsAll } from "./find-operators.ts";
import { type Judge, patchOf, type Verdict } from "./judge-node.ts";
import { nodeNamesOf } from "./node-arguments.ts";
import { waitForNodes } from "./wait-for-nodes.ts";

export const changeOptions = {
  all: { summary: "All nodes" },
  selector: { short: "l", value: "LABELS", summary: "All nodes with these labels" },
  timeout: { value: "TIME", summary: "Wait so long at most, such as 90s (default 5m)" },
  "no-wait": { summary: "Only ask for it" },
  ...connectionOptions,
} as const satisfies OptionSpecs;

interface ChangeValues {
  readonly all: boolean;
  readonly selector: string | undefined;
  readonly timeout: string | undefined;
  readonly "no-wait": boolean;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

/** What is asked of nodes. */
interface Change {
  /** What their annotation has to be; undefined: it is so already. */
  readonly annotationFor: (node: NodeView, isAutomatic: boolean) => "true" | "false" | null | undefined;
  readonly judge: Judge;
}

/** Changes the annotations of the nodes that are meant, and waits for what comes of it. */
export async function changeNodes(
  change: Change,
  { options, operands }: { readonly options: ChangeValues; readonly operands: readonly string[] },
  io: Io,
): Promise<number> {
  const { timeout = "5m" } = options;
  const timeoutMs = parseDurationMs(timeout, "--timeout");
  const names = nodeNamesOf(operands);
  checkSelection(names, options);
  using client = await connectCluster(options, io);
  const isAutomatic = await readAutomatic(client, io);
  const nodes = await readNodes(client, { names, labelSelector: options.selector }, io.interrupted());
  const earlier = new Map<string, string>();
  for (const node of nodes) {
    const isChanged = await annotate(client, node, change.annotationFor(node, isAutomatic));
    if (isChanged) earlier.set(node.name, change.judge(node).text);
    io.stdout.write(`node/${node.name} ${isChanged ? "annotated" : "unchanged"}\n`);
  }
  if (options["no-wait"]) return EXIT_OK;
  const { judge } = change;
  const ends = await waitForNodes({ client, names: nodes.map(({ name }) => name), judge, earlier, timeoutMs }, io);
  return report(ends, timeout, io);
}

async function annotate(
  client: KubeClient,
  node: NodeView,
  value: ReturnType<Change["annotationFor"]>,
): Promise<boolean> {
  if (value === undefined) return false;
  await client.patch(resourceTypes.node, { name: node.name }, patchOf(value), { fieldManager: "kubectl-kwasm" });
  return true;
}

function report(ends: ReadonlyMap<string, Verdict>, timeout: string, io: Io): number {
  const unfinished = [...ends].filter(([, { kind }]) => kind !== "done");
  for (const [name, { kind, text }] of unfinished) {
    const seen = kind === "failed" ? text : `not done in ${timeout}: ${text}`;
    printDiagnostic(io, "error", `node/${name}: ${seen}; see 'kubectl kwasm doctor'`);
  }
  return unfinished.length === 0 ? EXIT_OK : EXIT_FAILED;
}

function checkSelection(names: readonly string[], { all, selector }: ChangeValues): void {
  const isByName = names.length > 0;
  const isBySelection = all || selector !== undefined;
  if (isByName && isBySelection) {
    throw new KwasmError("invalid-argument", "a node's name cannot be given with --all or -l");
  }
  if (!isByName && !isBySelection) throw new KwasmError("invalid-argument", "name a node, or give --all or -l LABELS");
}

/** That there is no operator is told, since nothing will happen then. */
async function readAutomatic(client: KubeClient, io: Io): Promise<boolean> {
  const operators = await findOperatorsIfAllowed(client, io.interrupted());
  if (operators?.length === 0) {
    printDiagnostic(
      io,
      "warning",
      "no operator was found, and without one nothing happens; see 'kubectl kwasm doctor'",
    );
  }
  return provisionsAll(operators);
}

interface NodeSelection {
  readonly names: readonly string[];
  readonly labelSelector: string | undefined;
}

/** Nodes of Windows are passed over where they are not named: the runtime is for Linux. */
async function readNodes(
  client: KubeClient,
  { names, labelSelector }: NodeSelection,
  signal: AbortSignal,
): Promise<readonly NodeView[]> {
  if (names.length === 0) {
    const nodes = await client.list(resourceTypes.node, { labelSelector, signal });
    const ofLinux = nodes.map(viewNode).filter(({ operatingSystem }) => operatingSystem !== "windows");
    if (ofLinux.length > 0) return ofLinux;
    throw new KwasmError("not-found", "find nodes: there is none that is meant; see 'kubectl get nodes --show-labels'");
  }
  const found = await Promise.all(names.map((name) => client.get(resourceTypes.node, { name }, { signal })));
  return found.map((node, place) => {
    if (node !== undefined) return viewNode(node);
    throw new KwasmError("not-found", `find Node "${names[place] ?? ""}": there is none; see 'kubectl get nodes'`);
  });
}
