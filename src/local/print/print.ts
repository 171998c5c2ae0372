/** What `get` and `describe` print: pure functions from objects and a time to text. */
import { stringify } from "yaml";

import {
  type AnyObject,
  type DescribeContext,
  type DescribeLine,
  formatHumanDuration,
  type KindDefinition,
  kindOf,
  type KubeEvent,
  type KubeObject,
  line,
} from "../kinds/index.ts";
import { formatTable } from "./table.ts";
import { alignLines } from "./tabs.ts";

export const outputFormats = ["table", "wide", "json", "yaml", "name"] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface PrintOptions {
  readonly format: OutputFormat;
  readonly nowMs: number;
  /** A column NAMESPACE first, as for `get -A`. */
  readonly isAcrossNamespaces?: boolean;
  /** The object alone rather than a List of one, as for `get KIND NAME`. */
  readonly isSingle?: boolean;
}

/** Objects in the order given; tables of several kinds follow each other, with names such as `pod/web-1`. */
export function printObjects(objects: readonly KubeObject[], options: PrintOptions): string {
  if (options.format === "name") return objects.map((object) => `${qualifiedName(object)}\n`).join("");
  if (options.format === "json") return `${JSON.stringify(payloadOf(objects, options), null, 4)}\n`;
  if (options.format === "yaml") return stringify(payloadOf(objects, options), { lineWidth: 0, indentSeq: false });
  const groups = Map.groupBy(objects, ({ kind }) => kind);
  return [...groups.values()].map((group) => printTable(group, { ...options, isMixed: groups.size > 1 })).join("\n");
}

function printTable(objects: readonly KubeObject[], options: PrintOptions & { readonly isMixed: boolean }): string {
  const [first] = objects;
  const definition = first && kindOf(first.kind);
  if (definition === undefined) return "";
  const { isAcrossNamespaces: across = false, format } = options;
  const columns = definition.columns.filter(({ isWide }) => isWide !== true || format === "wide");
  const headers = columns.map(({ header }) => header);
  const rows = objects.map((object) => {
    const cells = columns.map((column) => column.cell(object, options));
    if (options.isMixed) cells.splice(0, 1, qualifiedName(object));
    return across && definition.isNamespaced ? [object.metadata.namespace ?? "", ...cells] : cells;
  });
  return formatTable(across && definition.isNamespaced ? ["NAMESPACE", ...headers] : headers, rows);
}

/** `deployment.apps/web`, `pod/web-1`: what `-o name` prints and what `kubectl` says it did. */
export function qualifiedName({ apiVersion, kind, metadata }: AnyObject): string {
  const group = apiVersion.includes("/") ? `.${apiVersion.slice(0, apiVersion.indexOf("/"))}` : "";
  return `${kind.toLowerCase()}${group}/${metadata.name}`;
}

function payloadOf(objects: readonly KubeObject[], { isSingle = false }: PrintOptions): unknown {
  const [first] = objects;
  if (isSingle && objects.length === 1) return prune(first && hideValues(first));
  return { apiVersion: "v1", items: objects.map((object) => prune(hideValues(object))), kind: "List", metadata: {} };
}

/** Secrets are named and counted, never shown; the stand-ins are no base64, so nobody applies them by mistake. */
function hideValues(object: KubeObject): KubeObject {
  if (object.kind !== "Secret") return object;
  const hidden = Object.keys(object.data).map((key) => [key, "<not shown>"] as const);
  return { ...object, data: Object.fromEntries(hidden) };
}

/** Maps that Kubernetes prints although they are empty, since being there means something. */
const keptWhenEmpty = new Set(["emptyDir", "resources", "state", "lastState", "loadBalancer", "podSelector"]);

/** Fields that Kubernetes leaves out while they have their zero value, which is their default. */
const omittedWhenZero = new Set([
  "initialDelaySeconds",
  "minReadySeconds",
  "paused",
  "prefix",
  "publishNotReadyAddresses",
  "readOnly",
]);

/** Leaves out empty lists and maps, which objects have and Kubernetes does not print, and sorts keys as it does. */
function prune(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => prune(item));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, inner]) => [key, prune(inner)] as const)
    .filter(([key, inner]) => !isOmitted(key, inner))
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries);
}

function isOmitted(key: string, value: unknown): boolean {
  if (omittedWhenZero.has(key)) return value === 0 || value === false || value === "";
  if (keptWhenEmpty.has(key)) return false;
  return value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

/** The text of `describe`, events last. */
export function describeObject(object: KubeObject, context: DescribeContext): string {
  const definition: KindDefinition<KubeObject> | undefined = kindOf(object.kind);
  if (definition === undefined) return "";
  const lines = definition.describe(object, context);
  return `${alignLines(lines)}${describeEvents(context.events, context.nowMs)}`;
}

function describeEvents(events: readonly KubeEvent[], nowMs: number): string {
  if (events.length === 0) return alignLines([line(0, "Events:", "<none>")]);
  const rows = events.map((event): DescribeLine => {
    return line(1, event.type, event.reason, describeMoments(event, nowMs), event.source, event.message.trim());
  });
  const header = [
    line(1, "Type", "Reason", "Age", "From", "Message"),
    line(1, "----", "------", "----", "----", "-------"),
  ];
  return alignLines([line(0, "Events:"), ...header, ...rows]);
}

/** `5s`, or `5s (x3 over 2m)` for what happened more than once. */
function describeMoments({ count, firstTimestamp, lastTimestamp }: KubeEvent, nowMs: number): string {
  const last = formatHumanDuration(nowMs - Date.parse(lastTimestamp));
  return count > 1 ? `${last} (x${count} over ${formatHumanDuration(nowMs - Date.parse(firstTimestamp))})` : last;
}
