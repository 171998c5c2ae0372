import { KwasmError } from "#base";
import { answersHttp, type ContainerEntry, type ImageContent, resolveEntry } from "#image";
import type { MountSpec, NetworkGrant, SandboxSpec, WorkloadSpec } from "#node";
import {
  type ApplicationSpec,
  findImageManifest,
  planArtifact,
  planManifest,
  readContainerConfig,
  type RuntimeConfig,
  workloadOfApplication,
} from "#spin";

import type { Bundle, BundleMount } from "./bundle.ts";
import type { ContainerdImages } from "./content/containerd-images.ts";
import { httpListenerOf, portsOf } from "./container-ports.ts";
import { fifosOf } from "./fifos-of.ts";
import { MEMORY_BYTES_MAX } from "./linux-resources.ts";
import { podCgroupOf } from "./pod-cgroup.ts";
import type { Pod } from "./pod.ts";
import { networkGrantOf, placeOf, resolverFiles } from "./pod-network.ts";
import type { TaskIdentity, TaskStreams } from "./task.ts";

interface ContainerParts {
  readonly identity: TaskIdentity;
  readonly streams: TaskStreams;
  readonly bundle: Bundle;
  /** The container's pod; without one it is in an isolation group of its containerd namespace. */
  readonly pod: Pod | undefined;
  /** Where a container's module is looked for when its root file system has none. */
  readonly images: ContainerdImages;
}

interface ContainerPlan {
  readonly sandbox: SandboxSpec;
  readonly workload: WorkloadSpec;
  readonly unservedPorts: readonly string[];
}

/**
 * What the runtime is asked for, for one container of containerd. Its sockets are in a sandbox of its own, so that
 * they are opened once its ports are known and close with it; the pod's isolation group is what it shares. Throws a
 * typed error for what cannot be run.
 */
export async function planContainer(parts: ContainerParts): Promise<ContainerPlan> {
  const { identity, streams, bundle, pod, images } = parts;
  const id = nodeIdOf(identity);
  const program = await programOf(identity, bundle, images);
  const { listeners: declared, unserved } = portsOf(bundle.annotations);
  const place = pod?.network ?? bundle.network;
  const listeners = declared.length > 0 ? declared : await undeclaredListeners(program, bundle, place);
  const { network } = program;
  return {
    unservedPorts: unserved,
    sandbox: {
      id,
      group: pod?.group ?? identity.namespace,
      ...(bundle.user === undefined ? {} : { user: bundle.user }),
      ...placeOf(listeners, place, network),
      ...accountOf(bundle, pod),
    },
    workload: {
      id,
      sandboxId: id,
      displayName: displayNameOf(identity, bundle),
      ...program,
      env: environmentOf(bundle),
      mounts: mountsOf(bundle),
      output: { kind: "fifos", ...fifosOf(streams) },
      memoryBytesMax: MEMORY_BYTES_MAX,
      ...bundle.limits,
    },
  };
}

/** A container without a network of its own would take the port of others on its machine. */
async function undeclaredListeners(
  { module, application }: ContainerProgram,
  { env }: Bundle,
  network: Bundle["network"],
): Promise<SandboxSpec["listeners"]> {
  if (network.kind === "host" || network.path === undefined) return [];
  const answers = application === undefined ? await answersHttp(module.path) : application.routes.length > 0;
  return answers ? [httpListenerOf(env)] : [];
}

/** What the runtime calls the container's sandbox and workload. */
export function nodeIdOf({ namespace, id }: TaskIdentity): string {
  return `${namespace}/${id}`;
}

type ContainerProgram = Pick<WorkloadSpec, "module" | "args" | "application" | "network">;

/** What runs in it. A root file system with a manifest of Spin is that application, whatever the container's command is. */
async function programOf(identity: TaskIdentity, bundle: Bundle, images: ContainerdImages): Promise<ContainerProgram> {
  const manifest = findImageManifest(bundle.rootPath);
  const options = { isConfined: true, environment: new Map(bundle.env), takesBareNames: true };
  if (manifest !== undefined) {
    const configured = { ...options, ...(await configurationOf(bundle)) };
    return programOfApplication(await planManifest(manifest, configured), bundle);
  }
  const found = await resolveModule(identity, bundle, images);
  if (found.kind === "spin") {
    const configured = { ...options, ...(await configurationOf(bundle)) };
    return programOfApplication(await planArtifact(found, configured), bundle);
  }
  return { module: found.module, args: found.argv, ...withNetwork(networkGrantOf(bundle)) };
}

/** What the container has of a Spin application's runtime configuration. */
async function configurationOf(bundle: Bundle): Promise<{ readonly runtimeConfig?: RuntimeConfig }> {
  const runtimeConfig = await readContainerConfig(mountsOf(bundle));
  return runtimeConfig === undefined ? {} : { runtimeConfig };
}

function programOfApplication(application: ApplicationSpec, bundle: Bundle): ContainerProgram {
  const { outbound, ...program } = workloadOfApplication(application);
  return { ...program, ...withNetwork(networkGrantOf(bundle, outbound)) };
}

function withNetwork(network: NetworkGrant | undefined): Pick<WorkloadSpec, "network"> {
  return network === undefined ? {} : { network };
}

/**
 * containerd has put the image's entrypoint and the pod's command together already, and the root file system is the
 * image. Only where that holds no such module, as for images of Wasm layers, containerd is asked for the image.
 */
async function resolveModule(identity: TaskIdentity, bundle: Bundle, images: ContainerdImages): Promise<Found> {
  const { args, env, workingDirectory, rootPath } = bundle;
  const config = { ...emptyConfig, cmd: args, env, workingDirectory };
  const image = { name: identity.id, digest: "sha256:", root: rootPath, kind: "files", config } as const;
  try {
    return { kind: "module", ...(await resolveEntry(image)) };
  } catch (error) {
    const isMissing = error instanceof KwasmError && error.code === "not-found";
    const fetched = isMissing ? await images.open(identity.namespace, identity.id) : undefined;
    if (fetched === undefined) throw error;
    if (fetched.kind === "spin") return fetched;
    return { kind: "module", ...(await resolveEntry({ ...fetched, config })) };
  }
}

type Found = (ContainerEntry & { readonly kind: "module" }) | Extract<ImageContent, { readonly kind: "spin" }>;

const emptyConfig = {
  os: "linux",
  architecture: "wasm",
  entrypoint: [],
  user: "",
  labels: {},
  diffIds: [],
} as const;

/** A cell that is the pod's alone is counted and limited with it, as its first container says. */
function accountOf(
  { cgroupsPath, oomScoreAdj }: Bundle,
  pod: Pod | undefined,
): Pick<SandboxSpec, "podCgroup" | "oomScoreAdj"> {
  const podCgroup = pod?.hasOwnGroup === true ? podCgroupOf(cgroupsPath) : undefined;
  if (podCgroup === undefined) return {};
  return oomScoreAdj === undefined ? { podCgroup } : { podCgroup, oomScoreAdj };
}

function displayNameOf({ namespace, id }: TaskIdentity, { annotations }: Bundle): string {
  const words = ["sandbox-namespace", "sandbox-name", "container-name"];
  const names = words.map((word) => annotations[`io.kubernetes.cri.${word}`]);
  return names.every((name) => name !== undefined) ? names.join("/") : `${namespace}/${id}`;
}

/** The root file system, and what is bound into it; `/proc`, `/sys` and devices mean nothing to a guest. */
function mountsOf({ rootPath, isRootReadOnly, mounts }: Bundle): MountSpec[] {
  const root = { hostPath: rootPath, guestPath: "/", readOnly: isRootReadOnly };
  const bound = mounts.filter(isBind).map(({ source, destination, options }) => ({
    hostPath: source,
    guestPath: destination,
    readOnly: options.includes("ro") || resolverFiles.includes(destination),
  }));
  return [root, ...bound];
}

function isBind({ type, options }: BundleMount): boolean {
  return type === "bind" || options.includes("bind") || options.includes("rbind");
}

/**
 * WASI knows no working directory. Programs of Go begin in the one that PWD names; those of C and Rust begin in `/`
 * whatever they are told.
 */
function environmentOf({ env, workingDirectory }: Bundle): WorkloadSpec["env"] {
  if (workingDirectory === "/" || env.some(([name]) => name === "PWD")) return env;
  return [...env, ["PWD", workingDirectory]];
}
