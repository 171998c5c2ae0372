import { closeSync } from "node:fs";
import type { DescriptorBudget } from "./descriptor-budget.ts";
import { attempt } from "./attempt.ts";
import { duplicateDirectory } from "./descriptor.ts";
import type { Directory, Mount, MountTree } from "./file-types.ts";
import { Guest } from "./guest.ts";
import { layGrant, layMounts, type MountNode, nodesOf } from "./mount-node.ts";
import { MountedDirectory } from "./mounted-directory.ts";

/** Lays mounts with absolute guest paths into one tree rooted at `/`. Owns the fds from here on, also when it throws. */
export function openMountTree(mounts: readonly Mount[], budget: DescriptorBudget): MountTree {
  return new OpenedTree(
    "/",
    takeOver(mounts, () => layMounts(mounts)),
    budget,
  );
}

/** Grants one directory at a guest path that may be relative (`.`), as `kwasm run --dir` does. Owns the fd. */
export function openDirectoryGrant(mount: Mount, budget: DescriptorBudget): MountTree {
  return new OpenedTree(
    mount.guestPath,
    takeOver([mount], () => layGrant(mount)),
    budget,
  );
}

class OpenedTree implements MountTree {
  readonly guestPath: string;
  readonly #root: MountNode;
  readonly #guest: Guest;
  readonly #isView: boolean;

  constructor(guestPath: string, root: MountNode, budget: DescriptorBudget, isView = false) {
    this.guestPath = guestPath;
    this.#root = root;
    this.#guest = new Guest(budget);
    this.#isView = isView;
  }

  openRoot(): Directory {
    return attempt(`open '${this.guestPath}'`, () => {
      const { source } = this.#root;
      const fd = source.kind === "none" ? undefined : duplicateDirectory(source.descriptor.fd);
      const position = { fd, node: this.#root, mount: this.#root };
      return new MountedDirectory({ guest: this.#guest, position, isTreeRoot: this.guestPath === "/" });
    });
  }

  view(budget: DescriptorBudget): MountTree {
    return new OpenedTree(this.guestPath, this.#root, budget, true);
  }

  close(): void {
    this.#guest.closeHandles();
    if (this.#isView) return;
    for (const { source } of nodesOf(this.#root)) if (source.kind !== "none") source.descriptor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function takeOver(mounts: readonly Mount[], lay: () => MountNode): MountNode {
  try {
    return attempt("lay the mounts of a guest", lay);
  } catch (error) {
    for (const fd of new Set(mounts.map((mount) => mount.fd))) closeSync(fd);
    throw error;
  }
}
