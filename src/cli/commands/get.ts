import { KwasmError } from "#base";
import {
  DEFAULT_NAMESPACE,
  type KubeObject,
  type LocalClient,
  type ObjectQuery,
  type OutputFormat,
  outputFormats,
  printObjects,
  type WatchLine,
} from "#local";

import { defineCommand } from "../frame/command.ts";
import { EXIT_CANCELLED, EXIT_OK } from "../frame/exit-codes.ts";
import type { Io } from "../frame/io.ts";
import { writeText } from "../frame/write-text.ts";
import { connectControlIfKnown } from "./control.ts";
import { isNamespaced, parseResources, resourceOptions } from "./resource-arguments.ts";

export const getCommand = defineCommand({
  name: "get",
  summary: "Show objects",
  operands: "KIND[,KIND…] [NAME…] | KIND/NAME…",
  description: `
Shows objects as kubectl does. KIND is a kind in any of its spellings (pods, pod, po), or 'all' for pods, services and
deployments.

  kwasm get pods -o wide
  kwasm get deploy,svc -A
  kwasm get pod hello-wasm-7d9c5-x2x8p -o yaml`,
  options: {
    output: { short: "o", value: "FORMAT", summary: "wide, json, yaml or name (default: a table)" },
    "all-namespaces": { short: "A", summary: "Of every namespace" },
    watch: { short: "w", summary: "Go on with every change until Ctrl-C" },
    ...resourceOptions,
  },
  async run({ options, operands, stateDirectory }, io) {
    const request = {
      queries: queriesOf(operands, options),
      format: parseFormat(options.output),
      isAcrossNamespaces: options["all-namespaces"],
    };
    const client = await connectControlIfKnown(stateDirectory);
    if (options.watch && client !== undefined) return watchObjects(client, request, io);
    const objects = client === undefined ? listNothing(request) : await listObjects(client, request);
    if (objects.length === 0 && isTable(request.format)) io.stderr.write(describeAbsence(request.queries));
    else await writeText(io.stdout, print(objects, request));
    return EXIT_OK;
  },
});

interface GetRequest {
  readonly queries: readonly ObjectQuery[];
  readonly format: OutputFormat;
  readonly isAcrossNamespaces: boolean;
}

interface QueryOptions {
  readonly namespace: string | undefined;
  readonly selector: string | undefined;
  readonly "all-namespaces": boolean;
}

async function listObjects(client: LocalClient, { queries }: GetRequest): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(queries.map((query) => client.list(query)));
  return lists.flat();
}

/** Where nothing was ever started, a name is as absent as it would be in control's answer. */
function listNothing({ queries }: GetRequest): readonly KubeObject[] {
  const named = queries.find(({ name }) => name !== undefined);
  if (named === undefined) return [];
  throw new KwasmError("not-found", `find ${named.kind} "${named.name ?? ""}": there is none`);
}

function queriesOf(operands: readonly string[], options: QueryOptions): ObjectQuery[] {
  const { kinds, names } = parseResources(operands);
  const isAcross = options["all-namespaces"];
  if (names.length > 0 && (isAcross || options.selector !== undefined)) {
    throw new KwasmError("invalid-argument", "a name cannot be given together with -A or -l");
  }
  const namespace = options.namespace ?? DEFAULT_NAMESPACE;
  const selection = options.selector === undefined ? {} : { labelSelector: options.selector };
  if (names.length === 0) {
    return kinds.map((kind) => ({ kind, ...selection, ...(!isAcross && isNamespaced(kind) && { namespace }) }));
  }
  return names.map(({ kind, name }) => ({ kind, name, ...(isNamespaced(kind) && { namespace }) }));
}

function parseFormat(text: string | undefined): OutputFormat {
  const format = outputFormats.find((known) => known === (text ?? "table"));
  if (format !== undefined) return format;
  throw new KwasmError("invalid-argument", `read --output "${text ?? ""}": give one of wide, json, yaml, name`);
}

function isTable(format: OutputFormat): boolean {
  return format === "table" || format === "wide";
}

function print(objects: readonly KubeObject[], { queries, format, isAcrossNamespaces }: GetRequest): string {
  const isSingle = queries.length === 1 && queries[0]?.name !== undefined;
  return printObjects(objects, { format, nowMs: Date.now(), isAcrossNamespaces, isSingle });
}

function describeAbsence(queries: readonly ObjectQuery[]): string {
  const namespace = queries.find((query) => query.namespace !== undefined)?.namespace;
  return namespace === undefined ? "No resources found\n" : `No resources found in ${namespace} namespace.\n`;
}

/** What is there as one table, then a row for each change; headings stand above the first row only. */
async function watchObjects(client: LocalClient, request: GetRequest, io: Io): Promise<number> {
  const signal = io.interrupted();
  try {
    await Promise.all(request.queries.map((query) => watchQuery(client.watch(query, signal), query, request, io)));
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
  return EXIT_CANCELLED;
}

async function watchQuery(
  changes: AsyncIterable<WatchLine>,
  query: ObjectQuery,
  request: GetRequest,
  io: Io,
): Promise<void> {
  const own = { ...request, queries: [query] };
  const before: KubeObject[] = [];
  let isSynced = false;
  for await (const change of changes) {
    if (change.type !== "SYNCED" && !isSynced) before.push(change.object);
    else if (change.type !== "SYNCED") await writeText(io.stdout, printChange(change.object, own, before));
    else {
      isSynced = true;
      await writeText(io.stdout, before.length > 0 ? print(before, request) : "");
    }
  }
}

/** Tables have shown their headings once something was printed; `shown` remembers that. */
function printChange(object: KubeObject, request: GetRequest, shown: KubeObject[]): string {
  const text = print([object], request);
  const hasHeadings = shown.push(object) > 1;
  return hasHeadings && isTable(request.format) ? text.slice(text.indexOf("\n") + 1) : text;
}
