import { type HostInterface, type HostTools, HttpFailure } from "#engine";

/** `request` of `fermyon:spin/http-types`. */
interface SentRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | undefined;
}

type Failure = "destination-not-allowed" | "invalid-url" | "request-error" | "too-many-requests";

/** `fermyon:spin/http` of Spin 1: requests and responses with their bodies. A path alone is asked of the application itself. */
export function firstHttpInterface({ waiting, sendWhole }: HostTools): HostInterface {
  async function sendRequest({ method, uri, headers, body }: SentRequest): Promise<object> {
    const place = placeOf(uri);
    if (place === undefined) return failure("invalid-url");
    const head = { ...place, method: method.toUpperCase(), fields: headers.map(latin1) };
    try {
      const { status, fields, body: answer } = await sendWhole({ head, body: body ?? new Uint8Array() });
      return { tag: "ok", value: { status, headers: fields.map(text), body: answer } };
    } catch (error) {
      if (error instanceof HttpFailure) return failure(failureOf(error));
      throw error;
    }
  }
  return { functions: { "send-request": waiting(sendRequest) }, resources: {} };
}

interface Place {
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly pathWithQuery: string;
}

function placeOf(uri: string): Place | undefined {
  if (uri.startsWith("/")) return { scheme: "http", authority: undefined, pathWithQuery: uri };
  const url = URL.parse(uri);
  if (url === null || url.host === "") return undefined;
  return { scheme: url.protocol.slice(0, -1), authority: url.host, pathWithQuery: `${url.pathname}${url.search}` };
}

function failureOf({ httpCode: { tag } }: HttpFailure): Failure {
  if (tag === "HTTP-request-denied" || tag === "destination-IP-prohibited") return "destination-not-allowed";
  if (tag === "HTTP-request-URI-invalid" || tag === "HTTP-protocol-error") return "invalid-url";
  return tag === "connection-limit-reached" ? "too-many-requests" : "request-error";
}

function failure(value: Failure): object {
  return { tag: "err", value };
}

/** Fields have a character for each byte; guests have texts. */
function latin1([name, value]: readonly [string, string]): readonly [string, string] {
  return [name, Buffer.from(value).toString("latin1")];
}

function text([name, value]: readonly [string, string]): readonly [string, string] {
  return [name.toLowerCase(), Buffer.from(value, "latin1").toString()];
}
