/** What stands at `path` in a value from outside; undefined as soon as something on the way is no object. */
export function fieldAt(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const name of path) {
    if (!isFields(here) || !Object.hasOwn(here, name)) return undefined;
    here = here[name];
  }
  return here;
}

/** As `fieldAt`, but undefined for what is no string. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const field = fieldAt(value, ...path);
  return typeof field === "string" ? field : undefined;
}

/** As `fieldAt`, but undefined for what is no number. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const field = fieldAt(value, ...path);
  return typeof field === "number" ? field : undefined;
}

/** As `fieldAt`, but undefined for what is no boolean. */
export function booleanAt(value: unknown, ...path: readonly string[]): boolean | undefined {
  const field = fieldAt(value, ...path);
  return typeof field === "boolean" ? field : undefined;
}

/** As `fieldAt`, but an empty list for what is no list. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const field = fieldAt(value, ...path);
  return Array.isArray(field) ? field : [];
}

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
