export { type ComposedPart, composeComponents } from "./compose/compose.ts";
export { compileComponent } from "./compile-component.ts";
export type { ComponentPlan, ExternName, FunctionOfExport, LinkedComponent } from "./component.ts";
export { compileCommandModule, compileModule } from "./world/compile-module.ts";
export { type ComponentDescription, describeComponent } from "./describe-component.ts";
export { isComponent } from "./parser/parse-component.ts";
export { compatibilityKey } from "./types/extern-name.ts";
export { chunksOf, valueOfFuture } from "./task/host-channel.ts";
export { drainStream } from "./task/host-sink.ts";
export {
  CancellableAnswer,
  type ComponentValue,
  type HostFunction,
  type HostImports,
  type HostInterface,
  type HostResource,
  type StreamSink,
  type StreamSource,
  type Supervision,
  suspending,
  type SuspendingFunction,
} from "./values.ts";
export type { CoreExternType, CoreFunctionType, SizeLimits } from "./types/core-types.ts";
export { readModuleType } from "./types/module-type.ts";
export { floatText, printValue } from "./wave/print-value.ts";
export { readCall, readParameters, unwritableKind, type WrittenCall } from "./wave/read-call.ts";
export { readBetween, readFloat } from "./wave/read-primitive.ts";
export { type WaveReader } from "./wave/wave-reader.ts";
