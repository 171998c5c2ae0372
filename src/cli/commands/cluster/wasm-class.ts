import { defaultHandlerOf, isRuntimeHandler } from "#api";
import { fieldAt, type KubeObject, textAt } from "#kube";
import { probeClassName } from "#operator";

import type { ClusterNode } from "./cluster-node.ts";

/** A RuntimeClass whose pods are Wasm. */
export interface WasmClass {
  readonly name: string;
  readonly handler: string;
  /** Labels of the nodes that its pods go to; none where it selects no nodes. */
  readonly nodeSelector: Readonly<Record<string, string>>;
}

/** Nobody writes a tenth of it. */
const SELECTOR_LABELS_MAX = 100;

/**
 * The classes that ask for Wasm: by their handler, which is the runtime's or that of a Shim, or by a name that stands for
 * one. That of the operator's probes is left out, since it selects no nodes on purpose.
 */
export function findWasmClasses(
  classes: readonly KubeObject[],
  shimHandlers: ReadonlySet<string>,
): readonly WasmClass[] {
  return classes.map(viewClass).filter(({ name, handler }) => {
    if (name === probeClassName) return false;
    return isRuntimeHandler(handler) || shimHandlers.has(handler) || defaultHandlerOf(name) !== undefined;
  });
}

function viewClass(object: KubeObject): WasmClass {
  const selector = fieldAt(object, "scheduling", "nodeSelector");
  const entries = typeof selector === "object" && selector !== null ? Object.entries(selector) : [];
  const texts = entries
    .slice(0, SELECTOR_LABELS_MAX)
    .flatMap(([key, value]: [string, unknown]) => (typeof value === "string" ? [[key, value] as const] : []));
  return {
    name: object.metadata.name,
    handler: textAt(object, "handler") ?? "",
    nodeSelector: Object.fromEntries(texts),
  };
}

/** Handlers that Shims bring. */
export function handlersOfShims(shims: readonly KubeObject[]): ReadonlySet<string> {
  return new Set(shims.flatMap((shim) => textAt(shim["spec"], "runtimeClass", "handler") ?? []));
}

export function selectsNode({ nodeSelector }: WasmClass, { labels }: ClusterNode): boolean {
  return Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
}

export function formatSelector({ nodeSelector }: WasmClass): string {
  return Object.entries(nodeSelector)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}
