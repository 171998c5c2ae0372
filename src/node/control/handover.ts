import { closeSync, constants, openSync } from "node:fs";

import { attempt } from "../syscall/libc.ts";
import type { GuestOrder } from "../channel/index.ts";
import type { WorkloadSpec } from "../workload.ts";

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

/** Output pipes' write ends, or nothing where output is discarded. */
export interface OutputDescriptors {
  readonly stdinFd?: number;
  readonly stdoutFd?: number;
  readonly stderrFd?: number;
}

/** What goes to a cell with a start request. `close` drops control's copies of what was opened for it alone. */
export interface Handover {
  readonly order: GuestOrder;
  readonly descriptors: readonly number[];
  close(): void;
}

/**
 * Opens what a guest is granted and lists it: its module, its mounts as O_PATH descriptors (a grant of a place, not of
 * reading it), its listeners and its output. Throws a typed error that names what could not be opened; nothing stays
 * open then.
 */
export function prepareHandover(
  number: number,
  spec: WorkloadSpec,
  listenerFds: readonly number[],
  output: OutputDescriptors,
): Handover {
  const opened: number[] = [];
  const descriptors: number[] = [];
  function place(descriptor: number): number {
    return descriptors.push(descriptor) - 1;
  }
  function open(action: string, path: string, flags: number): number {
    const descriptor = attempt(action, () => openSync(path, flags | O_CLOEXEC));
    opened.push(descriptor);
    return place(descriptor);
  }
  function close(): void {
    for (const descriptor of opened.splice(0)) closeSync(descriptor);
  }
  try {
    const order: GuestOrder = {
      number,
      moduleDescriptor: open(`open module "${spec.module.path}"`, spec.module.path, constants.O_RDONLY),
      moduleDigest: spec.module.digest,
      args: spec.args,
      env: spec.env,
      mounts: spec.mounts.map(({ hostPath, guestPath, readOnly }) => ({
        guestPath,
        readOnly,
        descriptor: open(`mount "${hostPath}" at "${guestPath}"`, hostPath, O_PATH),
      })),
      listenerDescriptors: listenerFds.map(place),
      ...(output.stdinFd === undefined ? {} : { stdinDescriptor: place(output.stdinFd) }),
      ...(output.stdoutFd === undefined ? {} : { stdoutDescriptor: place(output.stdoutFd) }),
      ...(output.stderrFd === undefined ? {} : { stderrDescriptor: place(output.stderrFd) }),
      memoryBytesMax: spec.memoryBytesMax,
    };
    return { order, descriptors, close };
  } catch (error) {
    close();
    throw error;
  }
}
