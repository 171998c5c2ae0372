import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { ContainerdVersion, Prefix } from "./prefix.ts";

/**
 * RuntimeClass handlers and the runtimes that containerd starts for them; `spin` and `wasmtime` are the shim under test.
 * What benchmarks compare it with are `noop`, which runs nothing, and `peer`, a shim of somebody else.
 */
export const handlers = {
  runc: "io.containerd.runc.v2",
  spin: "io.containerd.spin.v2",
  wasmtime: "io.containerd.wasmtime.v1",
  noop: "io.containerd.noop.v2",
  peer: "io.containerd.peer.v1",
} as const;

/** The handler whose pods containerd 2 makes by a sandbox controller; older versions do not start with it. */
export const sandboxerHandler = "kwasm";

export type Handler = keyof typeof handlers | typeof sandboxerHandler;

/** containerd's folder of persistent data inside the rig. */
export const dataDirectory = "/run/containerd-data";

/** The image of sandboxes; no registry has it. */
export const pauseImage = "kwasm.test/pause:1";

/** Pods' addresses. Each rig has a network namespace of its own, so all rigs use the same. */
const POD_SUBNET = "10.88.0.0/16";

/**
 * Plugins that would touch the machine outside the rig's namespaces, or that complain about what it lacks: `opt` makes
 * /opt/containerd, NRI and tracing listen or connect, the others are snapshotters for other file systems.
 */
const unwantedPlugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.internal.v1.tracing",
  "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
] as const;

/** Where the rig's files are; `address` is the socket of containerd's gRPC services. */
export interface RigPaths {
  readonly directory: string;
  readonly configuration: string;
  readonly address: string;
  readonly networks: string;
}

export function pathsIn(directory: string): RigPaths {
  return {
    directory,
    configuration: join(directory, "config.toml"),
    address: join(directory, "containerd.sock"),
    networks: join(directory, "net.d"),
  };
}

export function writeConfiguration(paths: RigPaths, prefix: Prefix): void {
  mkdirSync(paths.networks, { recursive: true });
  writeFileSync(join(paths.networks, "10-pods.conflist"), JSON.stringify(podNetwork(), undefined, 2));
  const write = prefix.version === "2" ? writeVersion3 : writeVersion2;
  writeFileSync(paths.configuration, `${commonSettings(prefix.version, paths)}${write(paths, prefix)}`);
}

/** Addresses are masqueraded nowhere: pods talk to each other and to the rig, and nothing is routed out of it. */
function podNetwork(): object {
  const ipam = { type: "host-local", ranges: [[{ subnet: POD_SUBNET }]], dataDir: "/run/cni-addresses" };
  const bridge = { type: "bridge", bridge: "pods0", isGateway: true, isDefaultGateway: true, hairpinMode: true, ipam };
  const portmap = { type: "portmap", capabilities: { portMappings: true } };
  return { cniVersion: "1.0.0", name: "pods", plugins: [bridge, portmap] };
}

/**
 * Data is on the rig's /run, a tmpfs: overlayfs takes it as upper directory also where the machine's root is itself an
 * overlay, and nothing of it is left when the rig ends. State stays where it is on every node.
 */
function commonSettings(version: ContainerdVersion, { address }: RigPaths): string {
  return `version = ${version === "2" ? 3 : 2}
root = ${JSON.stringify(dataDirectory)}
state = "/run/containerd"
disabled_plugins = ${JSON.stringify(unwantedPlugins)}
[grpc]
  address = ${JSON.stringify(address)}
`;
}

/** `restrict_oom_score_adj`: root of a container or sandbox often lacks CAP_SYS_RESOURCE, and may not lower scores. */
function writeVersion2({ networks }: RigPaths, { cniPlugins }: Prefix): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `[${cri}]
  sandbox_image = ${JSON.stringify(pauseImage)}
  restrict_oom_score_adj = true
[${cri}.cni]
  bin_dir = ${JSON.stringify(cniPlugins)}
  conf_dir = ${JSON.stringify(networks)}
[${cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"
${writeRuntimes(`${cri}.containerd`)}`;
}

function writeVersion3({ networks, address }: RigPaths, { cniPlugins }: Prefix): string {
  const runtime = 'plugins."io.containerd.cri.v1.runtime"';
  const images = 'plugins."io.containerd.cri.v1.images"';
  return `[${images}]
  snapshotter = "overlayfs"
[${images}.pinned_images]
  sandbox = ${JSON.stringify(pauseImage)}
[${runtime}]
  restrict_oom_score_adj = true
[${runtime}.cni]
  bin_dirs = ${JSON.stringify([cniPlugins])}
  conf_dir = ${JSON.stringify(networks)}
[${runtime}.containerd]
  default_runtime_name = "runc"
${writeRuntimes(`${runtime}.containerd`)}${writeSandboxer(`${runtime}.containerd`, address)}`;
}

function writeSandboxer(section: string, address: string): string {
  return `[${section}.runtimes.${sandboxerHandler}]
  runtime_type = "io.containerd.kwasm.v1"
  sandboxer = "kwasm"
${passedAnnotations}[proxy_plugins.kwasm]
  type = "sandbox"
  address = ${JSON.stringify(`${address}.kwasm/sandbox.sock`)}
`;
}

/** Runtimes see only those annotations that are listed: the ports are kubelet's, the others users'. */
const passedAnnotations = `  container_annotations = ["io.kubernetes.container.ports", "kwasm.sh/*"]
  pod_annotations = ["kwasm.sh/*"]
`;

function writeRuntimes(section: string): string {
  const entries = Object.entries(handlers).map(([handler, runtime]) => {
    const entry = `[${section}.runtimes.${handler}]\n  runtime_type = ${JSON.stringify(runtime)}\n`;
    return handler === "runc" ? entry : `${entry}${passedAnnotations}`;
  });
  return entries.join("");
}
