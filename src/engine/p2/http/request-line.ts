import { isFieldName } from "../../host/http/index.ts";

/** `wasi:http/types#method`. */
export type Method = { readonly tag: string } | { readonly tag: "other"; readonly value: string };

/** `wasi:http/types#scheme`. */
export type Scheme = { readonly tag: "HTTP" | "HTTPS" } | { readonly tag: "other"; readonly value: string };

/** Methods that have a case of their own. */
const methodTags = ["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"];
const methods = new Map(methodTags.map((tag): [string, Method] => [tag.toUpperCase(), { tag }]));

export function methodOf(text: string): Method {
  return methods.get(text) ?? { tag: "other", value: text };
}

/** The word of a method; none where it is no `token`. */
export function methodText(method: Method): string | undefined {
  if (!("value" in method)) return method.tag.toUpperCase();
  return isFieldName(method.value) ? method.value : undefined;
}

export function schemeOf(text: string): Scheme {
  const lower = text.toLowerCase();
  if (lower === "http") return { tag: "HTTP" };
  return lower === "https" ? { tag: "HTTPS" } : { tag: "other", value: text };
}

/** The word of a scheme; none where RFC 3986 allows no such one. */
export function schemeText(scheme: Scheme): string | undefined {
  if (!("value" in scheme)) return scheme.tag.toLowerCase();
  return /^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme.value) ? scheme.value.toLowerCase() : undefined;
}

/** A path with its query, or `*`: what may stand in a request's line. */
export function isPathWithQuery(text: string): boolean {
  return text === "*" || text === "" || /^[/?][!-"$-~\u0080-\uffff]*$/.test(text);
}

/** Host and port, with or without a user: `RFC 3986`, of which the parts are checked by whoever connects. */
export function isAuthority(text: string): boolean {
  return /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:%]*@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]+)(?::\d{0,5})?$/.test(
    text,
  );
}
