export { connect, connectIfKnown, connectIfRunning, type ConnectOptions, down } from "./client/connect.ts";
export { LocalClient, type LogsRequest } from "./client/local-client.ts";
export { READY_FD } from "./client/start-daemon.ts";
export { isOfTemplate } from "./controllers/pod-template.ts";
export type {
  ApplyOutcome,
  ApplyResult,
  DeleteRequest,
  Description,
  DownRequest,
  Health,
  ObjectQuery,
  ScaleRequest,
  WatchLine,
} from "./daemon/api.ts";
export { type Daemon, type DaemonOptions, runDaemon } from "./daemon/run-daemon.ts";
export { serveDaemon, type ServeOptions } from "./daemon/serve-daemon.ts";
export type * from "./kinds/index.ts";
export { DEFAULT_NAMESPACE, findKindByWord, kindOf, kinds } from "./kinds/index.ts";
export type { ContainerImages } from "./pods/container-images.ts";
export {
  formatProblem,
  type ManifestFile,
  type ManifestReading,
  type Problem,
  readLimits,
  readManifests,
} from "./manifest/index.ts";
export {
  describeObject,
  type OutputFormat,
  outputFormats,
  formatTable,
  printObjects,
  qualifiedName,
} from "./print/index.ts";
