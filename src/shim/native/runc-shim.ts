import { execFile } from "node:child_process";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

import { KwasmError } from "#base";

import { parseShimAddress, type ShimAddress } from "./shim-address.ts";

/** The containerd that is served, as it calls its shims. */
export interface Containerd {
  /** Its gRPC socket. */
  readonly address: string;
  /** Its ttrpc socket, for events. */
  readonly eventsAddress: string;
  /** Its own program. */
  readonly publishBinary: string;
}

export interface ShimTask {
  readonly namespace: string;
  readonly id: string;
}

const PROGRAM = "containerd-shim-runc-v2";
/** A start takes some 20 ms; on a machine that is busy beyond this nothing else would start either. */
const START_MS_MAX = 30_000;
/** containerd's own limit: `io.containerd.timeout.shim.cleanup`. */
const DELETE_MS_MAX = 5_000;
/** An address, or the reason why there is none. */
export const OUTPUT_BYTES_MAX = 64 * 1024;

const execute = promisify(execFile);

/** containerd's shim for native containers, found where containerd looks for it: in PATH, then beside itself. */
export function findRuncShim({ publishBinary }: Containerd): string {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), dirname(publishBinary)];
  const found = folders.map((folder) => join(folder, PROGRAM)).find(isExecutable);
  if (found !== undefined) return found;
  throw new KwasmError(
    "failed-precondition",
    `run a native program: there is no "${PROGRAM}" in PATH or in "${dirname(publishBinary)}"; install containerd's shim for runc`,
  );
}

/**
 * Has the shim of a group started, unless it runs, and answers where it serves. It stands in `folder` and not in a
 * bundle: it removes at its end the socket that a file `address` beside it names, which in a bundle is ours, and a
 * bundle may be gone before.
 */
export async function startRuncShim(containerd: Containerd, task: ShimTask, folder: string): Promise<ShimAddress> {
  const action = `start the shim of native containers "${task.id}"`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // It reads in which group it is from the annotations, and nothing else.
    const annotations = { "io.kubernetes.cri.sandbox-id": task.id };
    writeFileSync(join(folder, "config.json"), JSON.stringify({ ociVersion: "1.0.2", annotations }));
    writeFileSync(join(folder, "log"), "");
    const output = await run(containerd, task, { words: ["start"], cwd: folder, timeoutMs: START_MS_MAX });
    return parseShimAddress(output);
  } catch (error) {
    throw KwasmError.from(error, action);
  }
}

/** What containerd does with a task whose shim has died: its processes are killed and its root is unmounted. */
export async function deleteByRuncShim(containerd: Containerd, task: ShimTask & { readonly bundle: string }) {
  const words = ["-bundle", task.bundle, "delete"];
  await run(containerd, task, { words, cwd: task.bundle, timeoutMs: DELETE_MS_MAX });
}

interface Invocation {
  readonly words: readonly string[];
  readonly cwd: string;
  readonly timeoutMs: number;
}

/** The arguments and variables that containerd gives: pkg/shim/util.go. */
async function run(containerd: Containerd, { namespace, id }: ShimTask, invocation: Invocation): Promise<Buffer> {
  const { address, eventsAddress, publishBinary } = containerd;
  const flags = ["-namespace", namespace, "-address", address, "-publish-binary", publishBinary, "-id", id];
  const { NODE_COMPILE_CACHE: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    GOMAXPROCS: "2",
    MAX_SHIM_VERSION: "2",
    TTRPC_ADDRESS: eventsAddress,
    GRPC_ADDRESS: address,
    NAMESPACE: namespace,
  };
  const { words, cwd, timeoutMs: timeout } = invocation;
  const options = { cwd, env, timeout, maxBuffer: OUTPUT_BYTES_MAX, encoding: "buffer" as const };
  const running = execute(findRuncShim(containerd), [...flags, ...words], options);
  // It reads a description of its task to the end, which containerd may leave out.
  running.child.stdin?.end();
  return (await running).stdout;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // It is not there, or not for us: the next folder may have it.
    return false;
  }
}
