export { HandoverGate } from "./handover-gate.ts";
export { CELL_PAGE_BYTES, USAGE_SLOTS, usageSlotOf } from "./cell-page.ts";
export { LineSplitter } from "./line-splitter.ts";
export {
  type ApplicationOrder,
  cellDescriptors,
  type CellLine,
  type CellReplies,
  type CellRequest,
  type ComponentOrder,
  type GuestOrder,
  type GuestOutcome,
  type GuestReport,
  type InspectedGuest,
  type InspectionOrder,
  LINE_BYTES_MAX,
  type NetworkOrder,
  parseCellLine,
  type RequestLine,
  type SocketOrder,
  SOCKETS_WANTED_MAX,
} from "./messages.ts";
export { type GuestUsage, readRunningGuest, type ReadPart, readUsage } from "./read-usage.ts";
export { RunQueue } from "./run-queue.ts";
export { UsageBoard } from "./usage-board.ts";
