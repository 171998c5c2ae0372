import assert from "node:assert/strict";

import { parseAllDocuments } from "yaml";

/** An object of Kubernetes as a reader of its fields sees it. */
export type Rendered = Readonly<Record<string, unknown>>;

export function parseObjects(text: string): readonly Rendered[] {
  const documents = parseAllDocuments(text);
  return [...documents].flatMap((document): readonly Rendered[] => {
    assert.deepEqual(document.errors, []);
    const value: unknown = document.toJS();
    return isRecord(value) ? [value] : [];
  });
}

/** What is at a path such as `spec.ports.0.port`; undefined where there is nothing. */
export function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((here, key) => (isRecord(here) ? here[key] : undefined), value);
}

export function isRecord(value: unknown): value is Rendered {
  return typeof value === "object" && value !== null;
}

/** The only object of a kind, by the end of its name where there are several. */
export function pick(objects: readonly Rendered[], kind: string, ending = ""): Rendered {
  const found = objects.filter((one) => one["kind"] === kind && String(at(one, "metadata.name")).endsWith(ending));
  const [object] = found;
  assert.ok(object !== undefined && found.length === 1, `one ${kind} *${ending}, not ${String(found.length)}`);
  return object;
}
