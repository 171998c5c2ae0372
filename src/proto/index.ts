export { ForwardRequest, TaskCreate, TaskDelete, TaskExit, TaskOom, TaskStart } from "./events.ts";
export type { Message, MessageValue } from "./message.ts";
export { MetricsV1, MetricsV2 } from "./metrics.ts";
export { RpcRequest, RpcResponse } from "./rpc.ts";
export {
  ConnectResponse,
  CreateTaskRequest,
  DeleteResponse,
  KillRequest,
  type Mount,
  PidResponse,
  PidsResponse,
  ProcessRequest,
  StateResponse,
  StatsResponse,
  taskStatus,
  WaitResponse,
} from "./task.ts";
export { type Any, Empty, packAny, timestampOf } from "./well-known.ts";
