import { KwasmError } from "#base";

import type { ResourceType } from "./resource-type.ts";

/** Which of a kind's objects are meant; what is left out does not restrict. */
export interface Selection {
  readonly namespace?: string | undefined;
  /** As kubectl's `-l`: `key`, `key=value`, `!key`, `key in (a,b)`, joined by commas. */
  readonly labelSelector?: string | undefined;
  /** As kubectl's `--field-selector`. */
  readonly fieldSelector?: string | undefined;
}

/** The path of a kind's objects; without a namespace, that of all namespaces together. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.apiVersion.includes("/") ? "/apis" : "/api";
  const scope = type.isNamespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}/${type.apiVersion}${scope}/${type.plural}`;
}

/** The path of one object, or of a subresource of it. */
export function objectPath(
  type: ResourceType,
  { name, namespace }: { readonly name: string; readonly namespace?: string | undefined },
  subresource?: string,
): string {
  // An empty segment would address the whole collection, whose DELETE deletes everything; dots are never names.
  if (name === "" || name === "." || name === "..") {
    throw new KwasmError("invalid-argument", `address a ${type.kind}: "${name}" is no name`);
  }
  if (type.isNamespaced && (namespace ?? "") === "") {
    throw new KwasmError("invalid-argument", `address ${type.kind} "${name}": give its namespace`);
  }
  const path = `${collectionPath(type, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${encodeURIComponent(subresource)}`;
}

export function selectionQuery({ labelSelector, fieldSelector }: Selection): Query {
  return { labelSelector, fieldSelector };
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `?name=value…` without the values that are undefined, or nothing. */
export function formatQuery(query: Query): string {
  const entries = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return entries.length === 0 ? "" : `?${new URLSearchParams(entries).toString()}`;
}
