import { message, nested, repeatedNested, repeatedString, string, uint32 } from "./message.ts";
import { Any, Timestamp } from "./well-known.ts";

/**
 * containerd's service of sandbox controllers, as far as one reads and answers it: api/services/sandbox/v1/sandbox.proto,
 * api/types/platform.proto and api/types/metrics.proto.
 */

/** A map of texts, as it travels. */
const MapEntry = message("google.protobuf.MapEntry", { key: string(1), value: string(2) });

export const SandboxCreateRequest = message("containerd.services.sandbox.v1.ControllerCreateRequest", {
  sandboxId: string(1),
  /** A PodSandboxConfig. */
  options: nested(3, Any),
  netnsPath: string(4),
  annotations: repeatedNested(5, MapEntry),
});

export const SandboxCreateResponse = message("containerd.services.sandbox.v1.ControllerCreateResponse", {
  sandboxId: string(1),
});

/** The field that all other requests about a sandbox begin with. */
export const SandboxRequest = message("containerd.services.sandbox.v1.ControllerStartRequest", {
  sandboxId: string(1),
});

export const SandboxStartResponse = message("containerd.services.sandbox.v1.ControllerStartResponse", {
  sandboxId: string(1),
  pid: uint32(2),
  createdAt: nested(3, Timestamp),
  address: string(5),
  version: uint32(6),
});

const Platform = message("containerd.types.Platform", { os: string(1), architecture: string(2) });

export const SandboxPlatformResponse = message("containerd.services.sandbox.v1.ControllerPlatformResponse", {
  platform: nested(1, Platform),
});

export const SandboxWaitResponse = message("containerd.services.sandbox.v1.ControllerWaitResponse", {
  exitStatus: uint32(1),
  exitedAt: nested(2, Timestamp),
});

export const SandboxStatusResponse = message("containerd.services.sandbox.v1.ControllerStatusResponse", {
  sandboxId: string(1),
  pid: uint32(2),
  state: string(3),
  createdAt: nested(5, Timestamp),
  exitedAt: nested(6, Timestamp),
  address: string(8),
  version: uint32(9),
});

const Metric = message("containerd.types.Metric", {
  timestamp: nested(1, Timestamp),
  id: string(2),
  data: nested(3, Any),
});

export const SandboxMetricsResponse = message("containerd.services.sandbox.v1.ControllerMetricsResponse", {
  metrics: nested(1, Metric),
});

/** Fields of kubelet's description of a pod: api.proto of cri-api. */
export const PodSandboxConfig = message("runtime.v1.PodSandboxConfig", {
  metadata: nested(1, message("runtime.v1.PodSandboxMetadata", { name: string(1), namespace: string(3) })),
  hostname: string(2),
  dnsConfig: nested(
    4,
    message("runtime.v1.DNSConfig", {
      servers: repeatedString(1),
      searches: repeatedString(2),
      options: repeatedString(3),
    }),
  ),
  annotations: repeatedNested(7, MapEntry),
});
