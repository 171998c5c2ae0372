import type { HttpExchange, ResponseHead } from "./exchange.ts";
import { OutgoingContent } from "./outgoing-content.ts";

/** Answers with a body that is there, of at most `streamBytesMax` bytes; what the client sends is passed over. */
export function answerWhole(exchange: HttpExchange, head: ResponseHead, body: Uint8Array): void {
  const content = new OutgoingContent();
  if (body.length > 0) content.write(body);
  content.finish([]);
  exchange.content.skip();
  exchange.respond(head, content);
}
