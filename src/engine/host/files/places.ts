import { type BigIntStats, fstatSync, lstatSync } from "node:fs";
import { HostError } from "../host-error.ts";
import { entryPath } from "./descriptor.ts";
import { fileStatOf, virtualStat } from "./file-stat.ts";
import type { FileStat } from "./file-types.ts";
import type { MountNode } from "./mount-node.ts";
import { isReadOnly, type Place, type Position, type Walk } from "./walk.ts";

/** A name that turned out to exist, and what it is; never a symlink that was to be followed. */
export interface Settled {
  readonly place: Place;
  readonly stat: FileStat;
}

/** Follows symlinks at the end of the path where `followFinal`, or a slash behind the name, asks for it. */
export function settle(walk: Walk, followFinal: boolean): Settled {
  for (;;) {
    const place = walk.toFinal();
    const stat = placeStat(place);
    if (stat.type !== "symbolic-link" || !(followFinal || place.trailingSlash)) return settled(place, stat);
    walk.followFinal(place);
  }
}

function settled(place: Place, stat: FileStat): Settled {
  if (place.trailingSlash && stat.type !== "directory") {
    throw new HostError("not-directory", `resolve '${place.name}/': it is not a directory`);
  }
  return { place, stat };
}

function placeStat(place: Place): FileStat {
  const { directory, name } = place;
  if (name === undefined) return positionStat(directory);
  const node = childNode(place);
  if (node !== undefined) return nodeStat(node, directory, name);
  const stat = hostStat(directory, name);
  if (stat === undefined) throw new HostError("no-entry", `resolve '${name}': there is no such name`);
  return fileStatOf(stat);
}

/** The node of the mount tree that hides the host's entry at `place`. */
export function childNode(place: Place): MountNode | undefined {
  return place.name === undefined ? undefined : place.directory.node?.children.get(place.name);
}

/** What a directory is. */
export function positionStat(position: Position): FileStat {
  if (position.fd !== undefined) return fileStatOf(fstatSync(position.fd, { bigint: true }));
  return virtualStat((position.node ?? position.mount).virtualInode);
}

/** What a node at `name` in `parent` is: its mount, else the host directory that it lies over, else virtual. */
export function nodeStat(node: MountNode, parent: Position, name: string): FileStat {
  if (node.source.kind !== "none") return fileStatOf(fstatSync(node.source.descriptor.fd, { bigint: true }));
  const host = hostStat(parent, name);
  return host?.isDirectory() === true ? fileStatOf(host) : virtualStat(node.virtualInode);
}

/** What the host has at a name, symlinks not followed; undefined for nothing. */
export function hostStat(directory: Position, name: string): BigIntStats | undefined {
  if (directory.fd === undefined) return undefined;
  return lstatSync(entryPath(directory.fd, name), { bigint: true, throwIfNoEntry: false });
}

/**
 * The kernel path of a name that is to be removed, moved or replaced. A slash behind the name is kept: unlink, rmdir
 * and rename never follow their last segment, and turn the slash into the errors that POSIX asks for.
 */
export function existingEntryPath(place: Place): string {
  const { directory, name } = place;
  if (name === undefined) throw new HostError("busy", "change '.' or '..': name the directory from its parent");
  if (childNode(place) !== undefined) throw new HostError("busy", `change '${name}': something is mounted there`);
  if (directory.fd === undefined || isReadOnly(directory)) {
    throw new HostError("read-only", `change '${name}': its mount is read-only`);
  }
  return kernelPath(directory.fd, name, place.trailingSlash);
}

/** The kernel path of a name that gets one more link. link(2) follows no symlink, and refuses directories itself. */
export function linkSourcePath({ directory, name = "." }: Place): string {
  if (directory.fd === undefined) throw new HostError("not-permitted", "link: it is a directory");
  if (directory.node?.children.has(name) !== true) return entryPath(directory.fd, name);
  throw new HostError("cross-device", `link '${name}': it is a mount of its own`);
}

/** The kernel path of a name that is to be created. What exists is `exist` on a read-only mount too, as on Linux. */
export function newEntryPath(place: Place): string {
  const { directory, name } = place;
  if (name === undefined || childNode(place) !== undefined) {
    throw new HostError("exist", `create '${name ?? "."}': it exists`);
  }
  if (directory.fd === undefined || isReadOnly(directory)) {
    if (hostStat(directory, name) !== undefined) throw new HostError("exist", `create '${name}': it exists`);
    throw new HostError("read-only", `create '${name}': its mount is read-only`);
  }
  return kernelPath(directory.fd, name, place.trailingSlash);
}

/** Names move and hard links reach only within one mount, as rename(2) has it, also when the disk is the same. */
export function checkSameMount(place: Place, newPlace: Place): void {
  if (place.directory.mount !== newPlace.directory.mount) {
    throw new HostError("cross-device", `bring '${place.name}' to '${newPlace.name}': they are on different mounts`);
  }
}

function kernelPath(fd: number, name: string, trailingSlash: boolean): string {
  return trailingSlash ? `${entryPath(fd, name)}/` : entryPath(fd, name);
}
