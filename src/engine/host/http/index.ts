export { type AnswerInside, ConnectingClient } from "./connecting-client.ts";
export type { HttpExchange, IncomingContent, RequestHead, ResponseHead } from "./exchange.ts";
export { type Field, isConnectionField, isFieldName, isFieldValue, valueOf } from "./field.ts";
export {
  readWhole,
  sendWhole,
  wholeBodyBytesMax,
  type WholeRequest,
  type WholeResponse,
  writeWhole,
} from "./send-whole.ts";
export { InsideExchange } from "./inside-exchange.ts";
export { answerWhole } from "./answer-whole.ts";
export type { HttpRequest, PendingResponse } from "./http-client.ts";
export { type HttpConnection, speakHttp } from "./http-connections.ts";
export { type HttpErrorCode, HttpFailure } from "./http-failure.ts";
export { trustOf } from "./trusted-authorities.ts";
export { OutgoingContent } from "./outgoing-content.ts";
