import { parseArgs } from "node:util";

import { KwasmError } from "#base";

/** containerd's own default. */
const CONTAINERD_ROOT = "/var/lib/containerd";

/** What the keeper is started with, and hands on to each control. */
export interface ShimCommandLine {
  /** Holds sockets, marks of processes, and state. */
  readonly directory: string;
  /** containerd's ttrpc socket. */
  readonly events: string;
  /** containerd's gRPC socket. */
  readonly containerd: string;
  /** containerd's program, which shims call to publish events; what shims of native containers are told. */
  readonly publishBinary: string;
  /** containerd's folder of persistent data: `root` in its configuration. */
  readonly containerdRoot: string;
  /** What all cells that pods share may use together. */
  readonly cellsMemoryMax?: string;
  /** What names the programs of the version to start: a folder or a link to one, or a layout's file with its name. */
  readonly current?: string;
}

/** Throws `invalid-argument` for an unknown option and for one that is missing. */
export function parseShimCommandLine(words: readonly string[]): ShimCommandLine {
  const { directory, events, containerd, ...rest } = parse(words);
  if (directory === undefined || events === undefined || containerd === undefined) {
    throw new KwasmError("invalid-argument", "start the runtime: give --directory, --events and --containerd");
  }
  const { "publish-binary": publishBinary = "containerd", "cells-memory-max": cellsMemoryMax, current } = rest;
  const containerdRoot = rest["containerd-root"] ?? CONTAINERD_ROOT;
  return {
    directory,
    events,
    containerd,
    publishBinary,
    containerdRoot,
    ...(cellsMemoryMax === undefined ? {} : { cellsMemoryMax }),
    ...(current === undefined ? {} : { current }),
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        directory: { type: "string" },
        events: { type: "string" },
        containerd: { type: "string" },
        "publish-binary": { type: "string" },
        "containerd-root": { type: "string" },
        "cells-memory-max": { type: "string" },
        current: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new KwasmError("invalid-argument", `start the runtime: ${String(error)}`, { cause: error });
  }
}
