import type { ComponentValue } from "../component/index.ts";
import {
  type Field,
  type HttpExchange,
  HttpFailure,
  type IncomingContent,
  isConnectionField,
  isFieldName,
  isFieldValue,
  OutgoingContent,
  readWhole,
  type RequestHead,
  type ResponseHead,
  writeWhole,
} from "../host/http/index.ts";

/** Methods that the interface has; Spin answers others itself. */
const methods: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]);

/**
 * The request of `fermyon:spin/http-types`, with its body: what Spin's executor makes of one (crates/trigger-http/src/spin.rs).
 * Undefined where the interface has no such method. Rejects with an HttpFailure where the body does not come whole.
 */
export async function readWholeRequest(
  content: IncomingContent,
  head: RequestHead,
): Promise<ComponentValue | undefined> {
  if (!methods.has(head.method)) return undefined;
  return {
    method: head.method.toLowerCase(),
    uri: head.pathWithQuery ?? "/",
    headers: head.fields.map(([name, value]) => [name.toLowerCase(), Buffer.from(value, "latin1").toString()]),
    params: [],
    body: await readWhole(content, "HTTP-request-body-size"),
  };
}

/** Answers with the response of `fermyon:spin/http-types`, and resolves when all of it has been taken over. */
export async function answerWithWhole(exchange: HttpExchange, response: ComponentValue): Promise<void> {
  // Its type is that of the interface.
  const { status, headers = [], body = new Uint8Array() } = response as WholeResponse;
  if (status < 200 || status > 599) throw unfit(`answer with the status "${status}", which no answer ends with`);
  await answerBytes(exchange, { status, fields: fieldsOf(headers) }, body);
}

/** Answers with a body of any size, and resolves when all of it has been taken over. */
export async function answerBytes(exchange: HttpExchange, head: ResponseHead, body: Uint8Array): Promise<void> {
  const content = new OutgoingContent();
  const isPiece = body.length <= content.capacity();
  if (isPiece) {
    content.write(body);
    content.finish([]);
  }
  exchange.respond(head, content);
  if (!isPiece) await writeWhole(content, body);
}

interface WholeResponse {
  readonly status: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
}

/** The length is that of the body, whatever a field says. */
function fieldsOf(headers: readonly (readonly [name: string, value: string])[]): Field[] {
  return headers.flatMap(([name, text]): Field[] => {
    const value = Buffer.from(text).toString("latin1");
    if (!isFieldName(name) || !isFieldValue(value)) throw unfit(`answer with the field ${JSON.stringify(name)}`);
    return isConnectionField(name) || name.toLowerCase() === "content-length" ? [] : [[name, value]];
  });
}

function unfit(action: string): HttpFailure {
  return new HttpFailure({ tag: "HTTP-protocol-error" }, action);
}
