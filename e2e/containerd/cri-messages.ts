import { BinaryWriter } from "@bufbuild/protobuf/wire";

import {
  bool,
  bytes,
  int32,
  int64,
  message,
  type Message,
  type MessageValue,
  nested,
  repeatedNested,
  repeatedString,
  string,
  uint32,
  uint64,
} from "../../src/proto/message.ts";

/**
 * What kubelet and containerd say to each other: the messages and fields of kubernetes' cri-api,
 * pkg/apis/runtime/v1/api.proto, that the tests need.
 */

/** Senders leave out what has its default, also of a message within a message. */
function sparse<Value>(type: Message<Value>): Message<Partial<Value>> {
  return type;
}

/** Maps travel as lists of such entries, and the environment is one. */
const MapEntry = message("Entry", { key: string(1), value: string(2) });
export type MapEntry = MessageValue<typeof MapEntry>;

/** Values of enumerations. */
export const containerState = { created: 0, running: 1, exited: 2, unknown: 3 } as const;
export const sandboxState = { ready: 0, notReady: 1 } as const;
export const namespaceMode = { pod: 0, container: 1, node: 2, target: 3 } as const;
export const portProtocol = { TCP: 0, UDP: 1, SCTP: 2 } as const;

const NamespaceOption = message("NamespaceOption", {
  network: int32(1),
  pid: int32(2),
  ipc: int32(3),
  targetId: string(4),
});
const SandboxMetadata = message("PodSandboxMetadata", { name: string(1), uid: string(2), namespace: string(3) });
const DnsConfig = message("DNSConfig", { servers: repeatedString(1), searches: repeatedString(2) });
const Int64Value = message("Int64Value", { value: int64(1) });
const PortMapping = message("PortMapping", { protocol: int32(1), containerPort: int32(2), hostPort: int32(3) });
const SandboxSecurity = message("LinuxSandboxSecurityContext", {
  namespaceOptions: nested(1, sparse(NamespaceOption)),
});
const LinuxSandbox = message("LinuxPodSandboxConfig", {
  cgroupParent: string(1),
  securityContext: nested(2, SandboxSecurity),
});

export const SandboxConfig = message("PodSandboxConfig", {
  metadata: nested(1, SandboxMetadata),
  hostname: string(2),
  logDirectory: string(3),
  dnsConfig: nested(4, DnsConfig),
  portMappings: repeatedNested(5, sparse(PortMapping)),
  labels: repeatedNested(6, MapEntry),
  annotations: repeatedNested(7, MapEntry),
  linux: nested(8, LinuxSandbox),
});
export type SandboxConfig = MessageValue<typeof SandboxConfig>;

const ImageSpec = message("ImageSpec", { image: string(1) });
const ContainerMetadata = message("ContainerMetadata", { name: string(1), attempt: uint32(2) });
const Mount = message("Mount", { containerPath: string(1), hostPath: string(2), readonly: bool(3) });
const Resources = message("LinuxContainerResources", {
  cpuPeriod: int64(1),
  cpuQuota: int64(2),
  cpuShares: int64(3),
  memoryLimitInBytes: int64(4),
});
const ContainerSecurity = message("LinuxContainerSecurityContext", {
  namespaceOptions: nested(3, sparse(NamespaceOption)),
  runAsUser: nested(5, Int64Value),
  readonlyRootfs: bool(7),
  /** Numbers one after the other, as they travel: `packNumbers`. */
  supplementalGroups: bytes(8),
  runAsGroup: nested(12, Int64Value),
});

/** A repeated field of numbers is one run of bytes on the wire. */
export function packNumbers(numbers: readonly number[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const number of numbers) writer.int64(number);
  return writer.finish();
}
const LinuxContainer = message("LinuxContainerConfig", {
  resources: nested(1, sparse(Resources)),
  securityContext: nested(2, sparse(ContainerSecurity)),
});

const ContainerConfig = message("ContainerConfig", {
  metadata: nested(1, sparse(ContainerMetadata)),
  image: nested(2, ImageSpec),
  command: repeatedString(3),
  args: repeatedString(4),
  workingDir: string(5),
  envs: repeatedNested(6, MapEntry),
  mounts: repeatedNested(7, sparse(Mount)),
  annotations: repeatedNested(10, MapEntry),
  logPath: string(11),
  stdin: bool(12),
  stdinOnce: bool(13),
  tty: bool(14),
  linux: nested(15, LinuxContainer),
});

const SandboxId = message("PodSandboxId", { podSandboxId: string(1) });
const ContainerId = message("ContainerId", { containerId: string(1) });
const Nothing = message("Nothing", {});

const SandboxStatus = message("PodSandboxStatus", {
  id: string(1),
  state: int32(3),
  network: nested(5, message("PodSandboxNetworkStatus", { ip: string(1) })),
  runtimeHandler: string(9),
});

const ContainerStatus = message("ContainerStatus", {
  id: string(1),
  state: int32(3),
  startedAt: int64(5),
  finishedAt: int64(6),
  exitCode: int32(7),
  reason: string(10),
  message: string(11),
});
export type ContainerStatus = MessageValue<typeof ContainerStatus>;

const UInt64Value = message("UInt64Value", { value: uint64(1) });
const ContainerStats = message("ContainerStats", {
  attributes: nested(1, message("ContainerAttributes", { id: string(1) })),
  cpu: nested(2, message("CpuUsage", { timestamp: int64(1), usageCoreNanoSeconds: nested(2, UInt64Value) })),
  memory: nested(
    3,
    message("MemoryUsage", {
      timestamp: int64(1),
      workingSetBytes: nested(2, UInt64Value),
      availableBytes: nested(3, UInt64Value),
    }),
  ),
});
export type ContainerStats = MessageValue<typeof ContainerStats>;

const Container = message("Container", { id: string(1), podSandboxId: string(2), state: int32(6) });
const ContainerFilter = message("ContainerFilter", { id: string(1), podSandboxId: string(3) });
const RuntimeCondition = message("RuntimeCondition", { type: string(1), status: bool(2), message: string(4) });
const RuntimeStatus = message("RuntimeStatus", { conditions: repeatedNested(1, RuntimeCondition) });

/** Where a client of the streaming server finds its stream. */
const StreamUrl = message("StreamUrl", { url: string(1) });

/** The calls, each with what is sent and what comes back. */
export const criMethods = {
  "RuntimeService/Status": {
    request: Nothing,
    response: message("StatusResponse", { status: nested(1, RuntimeStatus) }),
  },
  "RuntimeService/RunPodSandbox": {
    request: message("RunPodSandboxRequest", { config: nested(1, sparse(SandboxConfig)), runtimeHandler: string(2) }),
    response: SandboxId,
  },
  "RuntimeService/StopPodSandbox": { request: SandboxId, response: Nothing },
  "RuntimeService/RemovePodSandbox": { request: SandboxId, response: Nothing },
  "RuntimeService/PodSandboxStatus": {
    request: SandboxId,
    response: message("PodSandboxStatusResponse", { status: nested(1, SandboxStatus) }),
  },
  "RuntimeService/CreateContainer": {
    request: message("CreateContainerRequest", {
      podSandboxId: string(1),
      config: nested(2, sparse(ContainerConfig)),
      sandboxConfig: nested(3, sparse(SandboxConfig)),
    }),
    response: ContainerId,
  },
  "RuntimeService/StartContainer": { request: ContainerId, response: Nothing },
  "RuntimeService/StopContainer": {
    request: message("StopContainerRequest", { containerId: string(1), timeout: int64(2) }),
    response: Nothing,
  },
  "RuntimeService/RemoveContainer": { request: ContainerId, response: Nothing },
  "RuntimeService/ListContainers": {
    request: message("ListContainersRequest", { filter: nested(1, sparse(ContainerFilter)) }),
    response: message("ListContainersResponse", { containers: repeatedNested(1, Container) }),
  },
  "RuntimeService/ContainerStatus": {
    request: ContainerId,
    response: message("ContainerStatusResponse", { status: nested(1, ContainerStatus) }),
  },
  "RuntimeService/ContainerStats": {
    request: ContainerId,
    response: message("ContainerStatsResponse", { stats: nested(1, ContainerStats) }),
  },
  "RuntimeService/ListContainerStats": {
    request: Nothing,
    response: message("ListContainerStatsResponse", { stats: repeatedNested(1, ContainerStats) }),
  },
  "RuntimeService/UpdateContainerResources": {
    request: message("UpdateContainerResourcesRequest", {
      containerId: string(1),
      linux: nested(2, sparse(Resources)),
    }),
    response: Nothing,
  },
  "RuntimeService/ExecSync": {
    request: message("ExecSyncRequest", { containerId: string(1), cmd: repeatedString(2), timeout: int64(3) }),
    response: message("ExecSyncResponse", { stdout: bytes(1), stderr: bytes(2), exitCode: int32(3) }),
  },
  "RuntimeService/Exec": {
    request: message("ExecRequest", {
      containerId: string(1),
      cmd: repeatedString(2),
      tty: bool(3),
      stdin: bool(4),
      stdout: bool(5),
      stderr: bool(6),
    }),
    response: StreamUrl,
  },
  "RuntimeService/Attach": {
    request: message("AttachRequest", {
      containerId: string(1),
      stdin: bool(2),
      tty: bool(3),
      stdout: bool(4),
      stderr: bool(5),
    }),
    response: StreamUrl,
  },
  "ImageService/ImageStatus": {
    request: message("ImageStatusRequest", { image: nested(1, ImageSpec) }),
    response: message("ImageStatusResponse", { image: nested(1, message("Image", { id: string(1) })) }),
  },
} as const;
