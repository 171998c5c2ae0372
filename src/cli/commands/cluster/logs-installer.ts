import { labels } from "#api";
import { KwasmError } from "#base";
import { type KubeClient, type KubeObject, resourceTypes } from "#kube";

import { defineCommand } from "../../frame/command.ts";
import { EXIT_OK } from "../../frame/exit-codes.ts";
import { parseCount } from "../../frame/parse-values.ts";
import { writeText } from "../../frame/write-text.ts";
import { refuseMore, requireSome } from "../operands.ts";
import { connectCluster, connectionOptions } from "./connect-cluster.ts";
import { nodeNamesOf } from "./node-arguments.ts";

export const logsInstallerCommand = defineCommand({
  name: "logs-installer",
  summary: "Print what the last installer on a node wrote",
  operands: "NODE",
  description: `
Prints the log of the newest installer's pod on the node. With --shim, that of the Shim's installer.

  kubectl kwasm logs-installer worker-1`,
  options: {
    shim: { value: "NAME", summary: "Of this Shim, not of the runtime" },
    tail: { value: "LINES", summary: "Only so many of the last lines" },
    namespace: { short: "n", value: "NAME", summary: "The operator is in this namespace (default: it is looked for)" },
    ...connectionOptions,
  },
  async run({ options, operands }, io) {
    const [node = "", ...more] = nodeNamesOf(requireSome(operands, "the node's name"));
    refuseMore(more);
    const tailLines = options.tail === undefined ? {} : { tailLines: parseCount(options.tail, "--tail") };
    using client = await connectCluster(options, io);
    const signal = io.interrupted();
    const pod = await findPod(client, { node, shim: options.shim, namespace: options.namespace }, signal);
    await writeText(io.stdout, await client.logs(pod.metadata, { ...tailLines, signal }));
    return EXIT_OK;
  },
});

interface Asked {
  readonly node: string;
  readonly shim: string | undefined;
  readonly namespace: string | undefined;
}

async function findPod(client: KubeClient, { node, shim, namespace }: Asked, signal: AbortSignal): Promise<KubeObject> {
  const ofShim = shim === undefined ? `!${labels.shim}` : `${labels.shim}=${shim}`;
  const labelSelector = `${labels.job}=true,${ofShim}`;
  const fieldSelector = `spec.nodeName=${node}`;
  const pods = await client.list(resourceTypes.pod, { namespace, labelSelector, fieldSelector, signal });
  const [newest] = pods.toSorted((left, right) => createdMs(right) - createdMs(left));
  if (newest !== undefined) return newest;
  if ((await client.get(resourceTypes.node, { name: node }, { signal })) === undefined) {
    throw new KwasmError("not-found", `find Node "${node}": there is none; see 'kubectl get nodes'`);
  }
  const advice = `see 'kubectl kwasm status ${node}' for what is known of it`;
  throw new KwasmError(
    "not-found",
    `find the installer's pod on Node "${node}": there is none any more, or never was; ${advice}`,
  );
}

function createdMs({ metadata }: KubeObject): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}
