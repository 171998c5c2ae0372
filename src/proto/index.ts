export { CriStatusRequest, CriStatusResponse, CriVersionRequest, CriVersionResponse } from "./cri-status.ts";
export {
  GetContainerRequest,
  GetContainerResponse,
  GetImageRequest,
  GetImageResponse,
  ReadContentRequest,
  ReadContentResponse,
} from "./content.ts";
export {
  ForwardRequest,
  TaskCreate,
  TaskDelete,
  TaskExecAdded,
  TaskExecStarted,
  TaskExit,
  TaskOom,
  TaskPaused,
  TaskResumed,
  TaskStart,
} from "./events.ts";
export type { Message, MessageValue } from "./message.ts";
export { MetricsV1, MetricsV2 } from "./metrics.ts";
export { RpcRequest, RpcResponse } from "./rpc.ts";
export {
  PodSandboxConfig,
  SandboxCreateRequest,
  SandboxCreateResponse,
  SandboxMetricsResponse,
  SandboxPlatformResponse,
  SandboxRequest,
  SandboxStartResponse,
  SandboxStatusResponse,
  SandboxWaitResponse,
} from "./sandbox.ts";
export {
  BootstrapResult,
  CloseIoRequest,
  ConnectResponse,
  CreateTaskRequest,
  DeleteResponse,
  ExecProcessRequest,
  KillRequest,
  type Mount,
  PidResponse,
  PidsResponse,
  ProcessRequest,
  RuncOptions,
  StateResponse,
  StatsResponse,
  TaskReference,
  taskStatus,
  UpdateTaskRequest,
  WaitResponse,
} from "./task.ts";
export { RuntimeInfo, VersionResponse } from "./version.ts";
export { Any, Empty, millisecondsOf, packAny, timestampOf } from "./well-known.ts";
