import { hostNameLengthMax } from "./limits.ts";

/** Letters, digits, `-` and `_` (which names of services have), labels of at most 63 of them. */
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/u;

/**
 * A host name as it is compared: lower case, in ASCII, without the dot of the root. Undefined for what is no name: an
 * address, or a text that DNS cannot ask for. Names in other scripts are written in their ASCII form (`xn--…`).
 */
export function normalHostName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/u, "");
  if (name.length === 0 || name.length > hostNameLengthMax) return undefined;
  const labels = name.split(".");
  // A last label of digits alone makes it an address in the eyes of some (RFC 3696).
  if (/^\d+$/u.test(labels.at(-1) ?? "")) return undefined;
  return labels.every((part) => label.test(part)) ? name : undefined;
}

export function isHostName(text: string): boolean {
  return normalHostName(text) !== undefined;
}

/** Names that stand for the machine itself wherever they are asked (RFC 6761). */
export function isLocalhostName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}
