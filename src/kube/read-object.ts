import { KwasmError } from "#base";

import type { KubeObject } from "./object.ts";
import { fieldAt, type Fields, isFields, textAt } from "./read-field.ts";

/** Checks that a value from the API is an object with a name; `kind` is put in where lists leave it out. */
export function readObject(value: unknown, action: string, defaults: Fields = {}): KubeObject {
  const object = isFields(value) ? { ...defaults, ...value } : {};
  const isObject =
    textAt(object, "apiVersion") !== undefined &&
    textAt(object, "kind") !== undefined &&
    textAt(object, "metadata", "name") !== undefined;
  if (!isObject) throw new KwasmError("corrupt", `${action}: the API server's answer is no object with a name`);
  // The three fields were checked; the other fields of metadata have the types of the API's own schema.
  return object as KubeObject;
}

/** One page of a list. */
export interface ListPage {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** Where the next page begins; undefined after the last. */
  readonly continueToken: string | undefined;
}

export function readListPage(value: unknown, action: string, defaults: Fields): ListPage {
  const items = fieldAt(value, "items");
  if (!Array.isArray(items) && items !== null) {
    throw new KwasmError("corrupt", `${action}: the API server's answer is no list`);
  }
  const token = textAt(value, "metadata", "continue");
  return {
    items: (items ?? []).map((item) => readObject(item, action, defaults)),
    resourceVersion: textAt(value, "metadata", "resourceVersion") ?? "",
    continueToken: token === "" ? undefined : token,
  };
}
