import { fstatSync, lstatSync, lutimesSync, utimesSync } from "node:fs";
import { HostError } from "../host-error.ts";
import { descriptorPath, entryPath } from "./descriptor.ts";
import { fileStatOf } from "./file-stat.ts";
import type { FileStat } from "./file-types.ts";
import { childNode } from "./places.ts";
import type { NodeTime } from "./set-times.ts";
import { isReadOnly, type Place } from "./walk.ts";

/** One file whose times are to be set by path. */
export interface TimesTarget {
  set(accessed: NodeTime, modified: NodeTime): void;
  /** What the kernel has now. */
  stat(): FileStat;
}

/** Throws `read-only` where times may not be set. */
export function timesTarget(place: Place): TimesTarget {
  const node = childNode(place);
  if (node !== undefined && node.source.kind !== "none") {
    return mountTarget(node.source.descriptor.fd, node.readOnly);
  }
  const { directory, name = "." } = place;
  if (directory.fd === undefined || isReadOnly(directory)) throw readOnlyError();
  return entryTarget(entryPath(directory.fd, name));
}

/** Of the name itself, never of what a symlink put there meanwhile leads to. */
function entryTarget(path: string): TimesTarget {
  return {
    set: (accessed, modified) => lutimesSync(path, accessed, modified),
    stat: () => fileStatOf(lstatSync(path, { bigint: true })),
  };
}

/** Following here means following the kernel's own link from a descriptor to its file. */
function mountTarget(fd: number, readOnly: boolean): TimesTarget {
  if (readOnly) throw readOnlyError();
  return {
    set: (accessed, modified) => utimesSync(descriptorPath(fd), accessed, modified),
    stat: () => fileStatOf(fstatSync(fd, { bigint: true })),
  };
}

function readOnlyError(): HostError {
  return new HostError("read-only", "set times: the mount is read-only");
}
