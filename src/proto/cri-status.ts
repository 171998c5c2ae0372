import { bool, message, nested, repeatedNested, string } from "./message.ts";

/**
 * Two questions of kubernetes' cri-api (pkg/apis/runtime/v1/api.proto) to a container runtime: its version, and what it
 * serves. A map travels as a list of entries.
 */
export const CriVersionRequest = message("runtime.v1.VersionRequest", { version: string(1) });
export const CriVersionResponse = message("runtime.v1.VersionResponse", {
  runtimeName: string(2),
  runtimeVersion: string(3),
});

const InfoEntry = message("runtime.v1.StatusResponse.InfoEntry", { key: string(1), value: string(2) });
const RuntimeCondition = message("runtime.v1.RuntimeCondition", {
  type: string(1),
  status: bool(2),
  reason: string(3),
  message: string(4),
});
const RuntimeStatus = message("runtime.v1.RuntimeStatus", { conditions: repeatedNested(1, RuntimeCondition) });

export const CriStatusRequest = message("runtime.v1.StatusRequest", { verbose: bool(1) });
/** `info` is there when the question was `verbose`; containerd's configuration is the entry `config`, in JSON. */
export const CriStatusResponse = message("runtime.v1.StatusResponse", {
  status: nested(1, RuntimeStatus),
  info: repeatedNested(2, InfoEntry),
});
