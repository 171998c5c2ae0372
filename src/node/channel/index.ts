export { LineSplitter } from "./line-splitter.ts";
export {
  cellDescriptors,
  type CellLine,
  type CellReplies,
  type CellRequest,
  type GuestOrder,
  type GuestOutcome,
  LINE_BYTES_MAX,
  parseCellLine,
  type RequestLine,
} from "./messages.ts";
export { RUN_QUEUE_BYTES, RunQueue } from "./run-queue.ts";
