import { HostError } from "../host-error.ts";
import type { DescriptorBudget } from "./descriptor-budget.ts";
import type { Mount, MountTree } from "./file-types.ts";

/** Lays mounts with absolute guest paths into one tree rooted at `/`. Owns the fds from here on, also when it throws. */
export function openMountTree(mounts: readonly Mount[], budget: DescriptorBudget): MountTree {
  throw new HostError("unsupported", `open ${mounts.length} mounts for ${budget.filesOpenMax} files`);
}

/** Grants one directory at a guest path that may be relative (`.`), as `kwasm run --dir` does. Owns the fd. */
export function openDirectoryGrant(mount: Mount, budget: DescriptorBudget): MountTree {
  throw new HostError("unsupported", `open '${mount.guestPath}' for ${budget.filesOpenMax} files`);
}
