/** The `result` of a call as components see it. */
export type Answer =
  | { readonly tag: "ok"; readonly value?: unknown }
  | { readonly tag: "err"; readonly value: Failure };

/** A case of a variant `error`. */
export interface Failure {
  readonly tag: string;
  readonly value?: unknown;
}

export function ok(value?: unknown): Answer {
  return value === undefined ? { tag: "ok" } : { tag: "ok", value };
}

export function err(tag: string, value?: unknown): Answer {
  return { tag: "err", value: value === undefined ? { tag } : { tag, value } };
}
