import { KwasmError } from "#base";
import { isConnectionField, isFieldName, isFieldValue, type ResponseHead } from "#engine";

interface WagiAnswer {
  readonly head: ResponseHead;
  readonly body: Uint8Array;
}

/** Bytes of all fields of an answer together: what Node takes of a request's. */
export const fieldsBytesMax = 65_536;

const lineFeed = 10;
const carriageReturn = 13;

/**
 * The answer that a command has written: fields of CGI 1.1, an empty line, and the body, as Spin reads them
 * (crates/http/src/wagi/mod.rs of Spin). Of fields with the same name the last one counts. Throws a KwasmError where
 * there is none, or one that HTTP cannot have.
 */
export function readWagiAnswer(output: Uint8Array): WagiAnswer {
  if (output.length === 0) throw unreadable('it wrote nothing; check "executor" in spin.toml');
  const { text, body } = splitOutput(output);
  const fields = readFields(text);
  const [type, status, location] = ["content-type", "status", "location"].map((name) => fields.get(name));
  if (type === undefined && status === undefined && location === undefined) {
    const message = "Exactly one of 'location' or 'content-type' must be specified";
    return { head: { status: 500, fields: [] }, body: Buffer.from(message) };
  }
  const code = status === undefined ? (location === undefined ? 200 : 302) : statusOf(status);
  return { head: { status: code, fields: headFields(fields) }, body };
}

/** The empty line ends the fields; without one, there are none. Carriage returns before it do not count. */
function splitOutput(output: Uint8Array): { readonly text: string; readonly body: Uint8Array } {
  let previous = 0;
  for (let index = 0; index < Math.min(output.length, fieldsBytesMax + 1); index++) {
    const byte = output[index] ?? 0;
    if (byte === carriageReturn) continue;
    if (byte === lineFeed && previous === lineFeed) {
      return { text: textOf(output.subarray(0, index)), body: output.subarray(index + 1) };
    }
    previous = byte;
  }
  if (output.length > fieldsBytesMax) throw unreadable(`its fields have more than ${String(fieldsBytesMax)} bytes`);
  return { text: "", body: output };
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).replaceAll("\r", "");
  } catch (error) {
    throw unreadable("its fields are no UTF-8", error);
  }
}

/** A line without a colon is passed over. */
function readFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon >= 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}

/** `CODE` or `CODE REASON`; 502 for what no answer ends with. */
function statusOf(text: string): number {
  const [code = ""] = text.split(" ");
  const status = /^\d{3}$/u.test(code) ? Number(code) : 0;
  return status >= 200 && status <= 599 ? status : 502;
}

/** Names that HTTP does not have are passed over, values are not. The length is that of the body, whatever a field says. */
function headFields(fields: ReadonlyMap<string, string>): (readonly [string, string])[] {
  return Array.from(fields).flatMap(([name, text]): (readonly [string, string])[] => {
    if (name === "status" || name === "content-length" || !isFieldName(name) || isConnectionField(name)) return [];
    const value = Buffer.from(text).toString("latin1");
    if (!isFieldValue(value)) throw unreadable(`its field "${name}" has a value that HTTP cannot have`);
    return [[name, value]];
  });
}

function unreadable(reason: string, cause?: unknown): KwasmError {
  return new KwasmError("failed-precondition", `answer a request by a command: ${reason}`, { cause });
}
