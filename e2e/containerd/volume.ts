import { chmodSync, chownSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import type { ContainerdRig } from "./rig.ts";

interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Root's, and open to everybody who may read. */
const roots: Owner = { uid: 0, gid: 0, mode: 0o755 };

/** A folder of the rig's machine, as kubelet prepares one for a volume. */
export class Volume {
  readonly path: string;

  constructor(rig: ContainerdRig, { uid, gid, mode }: Owner = roots) {
    this.path = mkdtempSync(join(rig.directory, "volume-"));
    chownSync(this.path, uid, gid);
    chmodSync(this.path, mode);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file, with the folders that it lacks, and returns its path. */
  write(name: string, text: string, { uid, gid, mode }: Owner = { ...roots, mode: 0o644 }): string {
    const path = this.file(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chownSync(path, uid, gid);
    chmodSync(path, mode);
    return path;
  }

  at(containerPath: string, readonly = false) {
    return { hostPath: this.path, containerPath, readonly };
  }
}
