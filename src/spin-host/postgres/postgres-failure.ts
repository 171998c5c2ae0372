import { X509Certificate } from "node:crypto";
import { DatabaseError } from "pg-protocol";

/** `query-error` of `spin:postgres/postgres@4.0.0`. */
export type QueryError =
  | { readonly tag: "text"; readonly value: string }
  | { readonly tag: "db-error"; readonly value: DatabaseFailure };

interface DatabaseFailure {
  readonly "as-text": string;
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly extras: readonly (readonly [name: string, value: string])[];
}

/** Why a statement failed: what the server says of it, or in our words. */
export function queryErrorOf(error: unknown): QueryError {
  if (!(error instanceof DatabaseError)) {
    return { tag: "text", value: error instanceof Error ? error.message : String(error) };
  }
  const { severity = "ERROR", code = "", message, detail } = error;
  return {
    tag: "db-error",
    value: { "as-text": textOf(error), severity, code, message, detail, extras: extrasOf(error) },
  };
}

/** As Spin's client prints it. */
function textOf({ severity = "ERROR", message, detail, hint }: DatabaseError): string {
  const more = [detail === undefined ? "" : `\nDETAIL: ${detail}`, hint === undefined ? "" : `\nHINT: ${hint}`];
  return `db error: ${severity}: ${message}${more.join("")}`;
}

/** In Spin's order and by its names. */
function extrasOf(error: DatabaseError): readonly (readonly [string, string])[] {
  const { column, constraint, routine, hint, table, dataType, schema, file, line, where } = error;
  const all = { column, constraint, routine, hint, table, datatype: dataType, schema, file, line, where_: where };
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

/** Why a text is no certificate in PEM; undefined where it is one. */
export function refusalOfAuthority(pem: string): string | undefined {
  try {
    // Read to be checked.
    const { subject } = new X509Certificate(pem);
    return subject === undefined ? "it names nobody" : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
