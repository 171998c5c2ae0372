import { KwasmError } from "#base";
import { resolveEntry } from "#image";
import type { MountSpec, OutputSpec, SandboxSpec, WorkloadSpec } from "#node";

import type { Bundle, BundleMount } from "./bundle.ts";
import { listenersOf } from "./container-ports.ts";
import type { SandboxTask } from "./sandbox-task.ts";
import type { TaskIdentity, TaskStreams } from "./task.ts";

/** All that a 32-bit memory can be: the cap of a container without a limit of its own. */
const MEMORY_BYTES_MAX = 4 * 1024 ** 3;

interface ContainerParts {
  readonly identity: TaskIdentity;
  readonly streams: TaskStreams;
  readonly bundle: Bundle;
  /** The container's pod; without one it is in an isolation group of its containerd namespace. */
  readonly pod: SandboxTask | undefined;
}

/**
 * What the runtime is asked for, for one container of containerd. Its sockets are in a sandbox of its own, so that
 * they are opened once its ports are known and close with it; the pod's isolation group is what it shares. Throws a
 * typed error for what cannot be run.
 */
export async function planContainer(parts: ContainerParts): Promise<{ sandbox: SandboxSpec; workload: WorkloadSpec }> {
  const { identity, streams, bundle, pod } = parts;
  const id = `${identity.namespace}/${identity.id}`;
  const { module, argv } = await resolveModule(identity.id, bundle);
  return {
    sandbox: { id, group: pod?.group ?? identity.namespace, ...placeOf(bundle, pod) },
    workload: {
      id,
      sandboxId: id,
      displayName: displayNameOf(identity, bundle),
      module,
      args: argv,
      env: bundle.env,
      mounts: mountsOf(bundle),
      output: outputOf(streams),
      memoryBytesMax: Math.min(bundle.memoryBytesMax ?? MEMORY_BYTES_MAX, MEMORY_BYTES_MAX),
    },
  };
}

/** containerd has put the image's entrypoint and the pod's command together already; the root file system is the image. */
async function resolveModule(name: string, { args, env, workingDirectory, rootPath }: Bundle) {
  return resolveEntry({
    name,
    digest: "sha256:",
    root: rootPath,
    isArtifact: false,
    config: {
      os: "linux",
      architecture: "wasm",
      entrypoint: [],
      cmd: args,
      env,
      workingDirectory,
      user: "",
      labels: {},
      diffIds: [],
    },
  });
}

/**
 * Sockets of a pod's container belong into the network of the pod's sandbox. The path that the container itself names
 * leads through `/proc` to a process that a virtual sandbox does not have.
 */
function placeOf(bundle: Bundle, pod: SandboxTask | undefined): Pick<SandboxSpec, "listeners" | "networkNamespace"> {
  const listeners = listenersOf(bundle.annotations);
  const network = pod?.network ?? bundle.network;
  if (network.kind === "host" || listeners.length === 0) return { listeners };
  if (network.path !== undefined) return { listeners, networkNamespace: network.path };
  throw new KwasmError(
    "unsupported",
    "open the ports of a container: it asks for a network of its own that nobody made; run it with --net-host or in a pod",
  );
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
    readOnly: options.includes("ro"),
  }));
  return [root, ...bound];
}

function isBind({ type, options }: BundleMount): boolean {
  return type === "bind" || options.includes("bind") || options.includes("rbind");
}

/** With a terminal there is one stream only, and containerd reads it as the standard output. */
function outputOf({ stdout, stderr, terminal }: TaskStreams): OutputSpec {
  const stderrPath = terminal ? stdout : stderr;
  return {
    kind: "fifos",
    ...(stdout === "" ? {} : { stdoutPath: stdout }),
    ...(stderrPath === "" ? {} : { stderrPath }),
  };
}
