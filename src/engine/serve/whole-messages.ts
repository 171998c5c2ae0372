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
  type RequestHead,
  type ResponseHead,
} from "../host/http/index.ts";
import type { Pollable } from "../host/index.ts";

/** Handlers that take requests whole have them in memory twice, and no way to say that they want no more. */
export const wholeBodyBytesMax = 16 * 1_048_576;
const pieceBytesMax = 65_536;

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
    body: await readWhole(content),
  };
}

/** A body, all of it. Rejects with an HttpFailure where it does not come whole, or is too large. */
export async function readWhole(content: IncomingContent): Promise<Uint8Array> {
  const input = content.open();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const piece = input.read(pieceBytesMax);
      if (piece === "ended") return Buffer.concat(pieces);
      if (piece === undefined) {
        await whenReady(input.readable);
        continue;
      }
      size += piece.length;
      if (size > wholeBodyBytesMax) throw tooLarge(size);
      pieces.push(piece);
    }
  } finally {
    input.close();
  }
}

async function whenReady(pollable: Pollable): Promise<void> {
  if (!pollable.isReady()) await new Promise<void>((resolve) => void pollable.onReady(resolve));
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
  if (!isPiece) await writeAll(content, body);
}

interface WholeResponse {
  readonly status: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
}

async function writeAll(content: OutgoingContent, body: Uint8Array): Promise<void> {
  for (let start = 0; start < body.length;) {
    const room = content.capacity();
    if (room === 0) {
      await whenReady(content.writable);
      continue;
    }
    content.write(body.subarray(start, start + room));
    start += room;
  }
  content.finish([]);
}

/** The length is that of the body, whatever a field says. */
function fieldsOf(headers: readonly (readonly [name: string, value: string])[]): Field[] {
  return headers.flatMap(([name, text]): Field[] => {
    const value = Buffer.from(text).toString("latin1");
    if (!isFieldName(name) || !isFieldValue(value)) throw unfit(`answer with the field ${JSON.stringify(name)}`);
    return isConnectionField(name) || name.toLowerCase() === "content-length" ? [] : [[name, value]];
  });
}

function tooLarge(size: number): HttpFailure {
  const code = { tag: "HTTP-request-body-size", value: BigInt(size) } as const;
  return new HttpFailure(code, `read a body: it has more than "${wholeBodyBytesMax}" bytes`);
}

function unfit(action: string): HttpFailure {
  return new HttpFailure({ tag: "HTTP-protocol-error" }, action);
}
