/**
 * A field of an HTTP message as it travels: the value has one character for each byte (latin1), which is how Node
 * takes and gives values. Names keep the letters they came with.
 */
export type Field = readonly [name: string, value: string];

/** `token` of RFC 9110. */
const namePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** A byte that no value of a field may have. */
const badValueCharacter = /[^\t\u0020-\u007e\u0080-\u00ff]/;

/** A name may be so long; Node refuses whole heads that are longer. */
const nameLengthMax = 65_535;

export function isFieldName(name: string): boolean {
  return name.length <= nameLengthMax && namePattern.test(name);
}

/** Whether bytes may stand as a value; `value` has one character for each. */
export function isFieldValue(value: string): boolean {
  return !badValueCharacter.test(value);
}

/**
 * Fields that belong to a connection and not to a message, and `host`, which a request has as its authority: the list
 * of wasmtime. Whoever holds the connection makes them.
 */
const connectionFields: ReadonlySet<string> = new Set([
  "connection",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

export function isConnectionField(name: string): boolean {
  return connectionFields.has(name.toLowerCase());
}

/** The first value of a field, whatever the letters of its name. */
export function valueOf(fields: readonly Field[], lowerName: string): string | undefined {
  return fields.find(([name]) => name.length === lowerName.length && name.toLowerCase() === lowerName)?.[1];
}

/**
 * Fields of a message that came in, as Node lists them (names and values by turns): without those of the connection,
 * those that its `connection` field names, and the pseudo fields of HTTP/2.
 */
export function receivedFields(raw: readonly string[]): readonly Field[] {
  const named = namedByConnection(raw);
  const fields: Field[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name = "", value = ""] = [raw[index], raw[index + 1]];
    if (name.startsWith(":") || isConnectionField(name) || named?.has(name.toLowerCase()) === true) continue;
    fields.push([name, value]);
  }
  return fields;
}

/** Ordinary values name nothing but the connection itself; they cost no set. */
const ordinaryConnection = /^(?:close|keep-alive)$/i;

function namedByConnection(raw: readonly string[]): ReadonlySet<string> | undefined {
  let named: Set<string> | undefined;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name = "", value = ""] = [raw[index], raw[index + 1]];
    if (name.length !== 10 || name.toLowerCase() !== "connection" || ordinaryConnection.test(value)) continue;
    named ??= new Set();
    for (const option of value.split(",")) named.add(option.trim().toLowerCase());
  }
  return named;
}
