export { TtrpcClient } from "./client.ts";
export { dispatchTo } from "./dispatch.ts";
export { encodeFrame, type Frame, FrameSplitter, frameType, MESSAGE_BYTES_MAX } from "./frame.ts";
export { type CallHandler, ServerConnection } from "./server-connection.ts";
export { TtrpcServer } from "./server.ts";
export { type Call, method, type Method, type Services } from "./service.ts";
export { errorOfStatus, statusOf } from "./status.ts";
