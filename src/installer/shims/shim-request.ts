import { KwasmError } from "#base";

/** A shim of somebody else, as a `Shim` resource names it for one node. */
export interface ShimRequest {
  readonly name: string;
  /** Of RuntimeClasses. */
  readonly handler: string;
  /** A `.tar.gz` with one file `containerd-shim-*`. */
  readonly url: string;
  /** Of the archive. */
  readonly sha256: string;
  /** What containerd hands to the shim. */
  readonly options: ShimOptions;
}

export type ShimOptions = Readonly<Record<string, string | number | boolean>>;

/** A `Shim` resource has a few hundred bytes of this. */
const REQUEST_CHARS_MAX = 16_384;
/** Options of a shim are a handful. */
const OPTIONS_MAX = 32;
const URL_CHARS_MAX = 2_048;
/** Names of Kubernetes' objects and of handlers (RFC 1123). */
const namePattern = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/u;

/** Reads the variable KWASM_SHIM. Throws `invalid-argument` with the field that is wrong. */
export function parseShimRequest(text: string): ShimRequest {
  const values = parseObject(text);
  const { options = {}, ...rest } = values;
  return {
    name: nameOf(rest, "name"),
    handler: nameOf(rest, "handler"),
    url: urlOf(rest["url"]),
    sha256: digestOf(rest["sha256"]),
    options: optionsOf(options),
  };
}

/** The name alone, which is all that removing a shim needs. */
export function parseShimName(text: string): string {
  return nameOf(parseObject(text), "name");
}

type Values = Readonly<Record<string, unknown>>;

function parseObject(text: string): Values {
  if (text.length > REQUEST_CHARS_MAX) throw wrong("it is too long");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrong(String(error));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong("it is no object");
  return { ...value };
}

function nameOf(values: Values, field: string): string {
  const value = values[field];
  if (typeof value === "string" && namePattern.test(value)) return value;
  throw wrong(`its "${field}" is no name of lower-case letters, digits and "-"`);
}

function urlOf(value: unknown): string {
  const isShort = typeof value === "string" && value.length <= URL_CHARS_MAX;
  const protocol = isShort && URL.canParse(value) ? new URL(value).protocol : "";
  if (isShort && (protocol === "https:" || protocol === "http:")) return value;
  throw wrong('its "url" is no address of http or https');
}

function digestOf(value: unknown): string {
  if (typeof value === "string" && /^[0-9a-f]{64}$/u.test(value)) return value;
  throw wrong('its "sha256" is no digest of 64 hexadecimal digits; `sha256sum` prints it');
}

function optionsOf(value: unknown): ShimOptions {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong('its "options" are no object');
  const entries = Object.entries(value).map(([key, option]: [string, unknown]) => {
    const isPlain = typeof option === "string" || typeof option === "boolean" || Number.isSafeInteger(option);
    if (!isPlain || !/^[A-Za-z0-9_-]{1,64}$/u.test(key)) throw wrong(`its option ${JSON.stringify(key)} is none`);
    // Checked just before; a whole number is a number.
    return [key, option as string | number | boolean] as const;
  });
  if (entries.length > OPTIONS_MAX) throw wrong(`it has more than ${String(OPTIONS_MAX)} options`);
  return Object.fromEntries(entries);
}

function wrong(reason: string): KwasmError {
  return new KwasmError("invalid-argument", `read KWASM_SHIM: ${reason}`);
}
