import { KwasmError } from "#base";
import { DEFAULT_NAMESPACE, type LocalClient, type LogsRequest, type Pod } from "#local";

import { defineCommand } from "../frame/command.ts";
import { EXIT_CANCELLED, EXIT_OK } from "../frame/exit-codes.ts";
import { parseCount, parseDurationMs } from "../frame/parse-values.ts";
import { writeText } from "../frame/write-text.ts";
import { connectControl } from "./control.ts";
import { prefixLines } from "./prefix-lines.ts";
import { optionalOne } from "./operands.ts";
import { parseResource, resourceOptions } from "./resource-arguments.ts";

export const logsCommand = defineCommand({
  name: "logs",
  summary: "Show what guests have written",
  operands: "[POD | KIND/NAME]",
  description: `
Shows the output of a pod's container, or of every pod of a Deployment or a selector; then each line begins with the
pod that wrote it.

  kwasm logs -f deploy/hello-wasm
  kwasm logs hello-wasm-7d9c5-x2x8p --tail 20 --timestamps
  kwasm logs -l app=hello-wasm --since 5m`,
  options: {
    follow: { short: "f", summary: "Go on until the container ends or Ctrl-C" },
    previous: { short: "p", summary: "Of the run before this one" },
    tail: { value: "LINES", summary: "Only the last lines (default: all)" },
    since: { value: "DURATION", summary: "Only what is newer, as 5m" },
    timestamps: { summary: "Begin each line with its time" },
    container: { short: "c", value: "NAME", summary: "Container (default: the only or first one)" },
    "all-containers": { summary: "Of every container of the pods" },
    prefix: { summary: "Begin each line with its pod and container" },
    ...resourceOptions,
  },
  async run({ options, operands, stateDirectory }, io) {
    const format = formatOf(options);
    const target = { operand: optionalOne(operands), selector: options.selector };
    const client = await connectControl(stateDirectory);
    const pods = await findPods(client, options.namespace ?? DEFAULT_NAMESPACE, target);
    const containers = pods.flatMap((pod) => containersOf(pod, options));
    const isPrefixed = options.prefix || pods.length > 1 || containers.length > 1;
    const signal = options.follow ? io.interrupted() : undefined;
    const print = async ({ pod, container }: LogSource): Promise<void> => {
      const prefix = isPrefixed ? `[pod/${pod.metadata.name}/${container}] ` : "";
      const { namespace, name } = pod.metadata;
      const request = { ...format, namespace, pod: name, container, ...(signal !== undefined && { signal }) };
      for await (const text of client.logs(request)) await writeText(io.stdout, prefixLines(text, prefix));
    };
    if (options.follow) await Promise.all(containers.map(print));
    else for (const source of containers) await print(source);
    return signal?.aborted === true ? EXIT_CANCELLED : EXIT_OK;
  },
});

interface LogSource {
  readonly pod: Pod;
  readonly container: string;
}

interface FormatOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly tail: string | undefined;
  readonly since: string | undefined;
  readonly timestamps: boolean;
}

/** `--tail=-1` is kubectl's word for all lines. */
function formatOf(
  options: FormatOptions,
): Pick<LogsRequest, "follow" | "previous" | "tailLines" | "sinceMs" | "timestamps"> {
  const tailLines = options.tail === undefined ? -1 : parseCount(options.tail, "--tail", -1);
  return {
    follow: options.follow,
    previous: options.previous,
    timestamps: options.timestamps,
    ...(tailLines >= 0 && { tailLines }),
    ...(options.since !== undefined && { sinceMs: Date.now() - parseDurationMs(options.since, "--since") }),
  };
}

interface LogTarget {
  readonly operand: string | undefined;
  readonly selector: string | undefined;
}

async function findPods(client: LocalClient, namespace: string, target: LogTarget): Promise<readonly Pod[]> {
  const { operand, selector } = target;
  if (operand !== undefined && selector !== undefined) {
    throw new KwasmError("invalid-argument", "give a pod or a selector, not both");
  }
  if (selector !== undefined) {
    return (await client.list({ kind: "Pod", namespace, labelSelector: selector })).filter(isPod);
  }
  if (operand === undefined) throw new KwasmError("invalid-argument", "POD is missing: name a pod, KIND/NAME or -l");
  const { kind, name } = operand.includes("/") ? parseResource(operand) : { kind: "Pod" as const, name: operand };
  if (kind === "Pod") return (await client.list({ kind, namespace, name })).filter(isPod);
  const { pods } = await client.describe({ kind, namespace, name });
  if (pods.length > 0) return pods.filter(isPod);
  throw new KwasmError("not-found", `read logs of "${operand}": it has no pods`);
}

function containersOf(
  pod: Pod,
  options: { readonly container: string | undefined; readonly "all-containers": boolean },
): LogSource[] {
  const names = pod.spec.containers.map(({ name }) => name);
  if (options["all-containers"]) return names.map((container) => ({ pod, container }));
  return [{ pod, container: options.container ?? names[0] ?? "" }];
}

function isPod(object: { readonly kind: string }): object is Pod {
  return object.kind === "Pod";
}
