import { KwasmError } from "#base";

import { ApiError } from "./api-error.ts";
import type { KubeObject } from "./object.ts";
import { fieldAt, numberAt, textAt } from "./read-field.ts";
import { readObject } from "./read-object.ts";

/** One line of a watch. */
export type WatchEvent =
  | { readonly kind: "added" | "modified" | "deleted"; readonly object: KubeObject }
  /** Nothing happened up to this version. */
  | { readonly kind: "bookmark"; readonly resourceVersion: string };

const kinds = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;

/** Throws the ApiError that the API puts in a watch to end it, `gone` above all. */
export function readWatchEvent(line: string, action: string): WatchEvent {
  const event = parseLine(line, action);
  const type = textAt(event, "type") ?? "";
  const object = fieldAt(event, "object");
  if (type === "ERROR") throw new ApiError(action, { status: numberAt(object, "code") ?? 500, body: object });
  if (type === "BOOKMARK") {
    return { kind: "bookmark", resourceVersion: textAt(object, "metadata", "resourceVersion") ?? "" };
  }
  if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") {
    return { kind: kinds[type], object: readObject(object, action) };
  }
  throw new KwasmError("corrupt", `${action}: the API server sent the unknown event "${type.slice(0, 50)}"`);
}

function parseLine(line: string, action: string): unknown {
  try {
    return JSON.parse(line);
  } catch (thrown) {
    throw new KwasmError("corrupt", `${action}: a line of the API server's answer is no JSON`, { cause: thrown });
  }
}
