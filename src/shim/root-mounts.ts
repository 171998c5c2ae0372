import { KwasmError } from "#base";
import { mountFileSystem, unmountFileSystem } from "#node";
import type { Mount } from "#proto";

/** Mounts that one root file system is made of; containerd's snapshotters give one or two. */
const ROOT_MOUNTS_MAX = 64;

/** A container's root file system as it is mounted, to be taken away once. */
export class RootMounts {
  readonly #target: string;
  #count = 0;

  /** Mounts what containerd asks for, one over the other; nothing stays mounted where that fails. */
  constructor(mounts: readonly Mount[], target: string) {
    this.#target = target;
    if (mounts.length > ROOT_MOUNTS_MAX) {
      throw new KwasmError(
        "limit-exceeded",
        `mount "${target}": ${String(mounts.length)} mounts are asked for, ${String(ROOT_MOUNTS_MAX)} are allowed; send fewer`,
      );
    }
    try {
      for (const mount of mounts) {
        mountFileSystem(mount, target);
        this.#count += 1;
      }
    } catch (error) {
      this.unmount();
      throw error;
    }
  }

  /** Those of an earlier process, which are mounted already. */
  static restore(count: number, target: string): RootMounts {
    const root = new RootMounts([], target);
    root.#count = count;
    return root;
  }

  get count(): number {
    return this.#count;
  }

  /** Idempotent. */
  unmount(): void {
    for (; this.#count > 0; this.#count -= 1) unmountFileSystem(this.#target);
  }
}
