import { fstatSync } from "node:fs";
import { HostError } from "../host-error.ts";
import { OwnedDescriptor } from "./descriptor.ts";
import { fileTypeOf } from "./file-stat.ts";
import type { Mount } from "./file-types.ts";
import { parseGuestPath } from "./guest-path.ts";

/** Mounts of one guest. Kubernetes has no limit; 1024 is far above any pod and bounds what one guest costs. */
const MOUNTS_MAX = 1024;

/** The thing mounted at a node: nothing for a directory that only leads to mounts below it. */
export type MountSource =
  | { readonly kind: "directory"; readonly descriptor: OwnedDescriptor }
  | { readonly kind: "file"; readonly descriptor: OwnedDescriptor }
  | { readonly kind: "none" };

/** One name of the mount tree. Its children hide entries of the same name in the directory below them. */
export interface MountNode {
  readonly source: MountSource;
  /** Of the mount itself; a node without source is as read-only as the mount that it lies in. */
  readonly readOnly: boolean;
  /** For a directory that exists nowhere on the host. */
  readonly virtualInode: bigint;
  readonly children: ReadonlyMap<string, MountNode>;
}

interface MountNodeDraft extends MountNode {
  source: MountSource;
  readOnly: boolean;
  readonly children: Map<string, MountNodeDraft>;
}

/** Lays mounts into one tree. Two mounts at one path, or a mount below a file, are `invalid`. */
export function layMounts(mounts: readonly Mount[]): MountNode {
  if (mounts.length > MOUNTS_MAX) {
    throw new HostError("invalid", `lay ${mounts.length} mounts: a guest has at most ${MOUNTS_MAX}`);
  }
  let nextInode = 1n;
  const root = newDraft();
  for (const mount of mounts) {
    const node = draftAt(mount.guestPath);
    if (node.source.kind !== "none") throw new HostError("invalid", `mount '${mount.guestPath}': it is mounted twice`);
    node.source = sourceOf(mount);
    node.readOnly = mount.readOnly;
  }
  checkFilesHaveNoChildren(root);
  return root;

  function newDraft(): MountNodeDraft {
    return { source: { kind: "none" }, readOnly: true, virtualInode: nextInode++, children: new Map() };
  }

  function draftAt(guestPath: string): MountNodeDraft {
    let node = root;
    for (const name of mountSegments(guestPath)) {
      const child = node.children.get(name) ?? newDraft();
      node.children.set(name, child);
      node = child;
    }
    return node;
  }
}

/** A tree of one directory. */
export function layGrant(mount: Mount): MountNode {
  const source = sourceOf(mount);
  if (source.kind !== "directory") throw new HostError("not-directory", `grant '${mount.guestPath}': it is a file`);
  return { source, readOnly: mount.readOnly, virtualInode: 1n, children: new Map() };
}

/** Every node of a tree, the root first. */
export function* nodesOf(node: MountNode): Generator<MountNode> {
  yield node;
  for (const child of node.children.values()) yield* nodesOf(child);
}

function mountSegments(guestPath: string): readonly string[] {
  const path = parseGuestPath(guestPath);
  if (!path.absolute || path.segments.some((segment) => segment === "." || segment === "..")) {
    throw new HostError("invalid", `mount '${guestPath}': give an absolute path without '.' and '..'`);
  }
  return path.segments;
}

function sourceOf(mount: Mount): MountSource {
  const descriptor = new OwnedDescriptor(mount.fd);
  const type = fileTypeOf(fstatSync(mount.fd).mode);
  if (type === "directory") return { kind: "directory", descriptor };
  if (type === "regular-file") return { kind: "file", descriptor };
  throw new HostError("invalid", `mount '${mount.guestPath}': a ${type} cannot be granted, only directories and files`);
}

function checkFilesHaveNoChildren(root: MountNode): void {
  if (root.source.kind === "file") throw new HostError("invalid", "mount '/': it is a file");
  for (const node of nodesOf(root)) {
    if (node.source.kind === "file" && node.children.size > 0) {
      throw new HostError("invalid", `mount '${[...node.children.keys()].join("', '")}': the path above it is a file`);
    }
  }
}
