import { closeSync, constants, openSync } from "node:fs";

import type { GuestOrder } from "../channel/index.ts";
import { attempt } from "../syscall/libc.ts";
import type { MountSpec } from "../workload.ts";

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

/** Descriptors that go to a cell with a request, which speaks of them by their places in this list. */
export class DescriptorList {
  readonly descriptors: number[] = [];
  readonly #opened: number[] = [];

  /** Adds one that stays the caller's. */
  add(descriptor: number): number {
    return this.descriptors.push(descriptor) - 1;
  }

  /** Opens a file for this list alone; throws a typed error that names the action. */
  open(action: string, path: string, flags: number = constants.O_RDONLY): number {
    const descriptor = attempt(action, () => openSync(path, flags | O_CLOEXEC));
    this.#opened.push(descriptor);
    return this.add(descriptor);
  }

  /** Opens each mount by O_PATH: a grant of a place, not of reading it. */
  openMounts(mounts: readonly MountSpec[]): GuestOrder["mounts"] {
    return mounts.map(({ hostPath, guestPath, readOnly }) => ({
      guestPath,
      readOnly,
      descriptor: this.open(`mount "${hostPath}" at "${guestPath}"`, hostPath, O_PATH),
    }));
  }

  /** Drops what was opened for this list. Idempotent. */
  close(): void {
    for (const descriptor of this.#opened.splice(0)) closeSync(descriptor);
  }
}
