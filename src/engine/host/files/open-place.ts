import { constants, fstatSync, openSync } from "node:fs";
import { systemErrorCode } from "#base";
import { HostError } from "../host-error.ts";
import { descriptorPath, duplicateDirectory, entryPath, O_PATH, OwnedDescriptor } from "./descriptor.ts";
import { fileTypeOf } from "./file-stat.ts";
import type { FileType, OpenOptions } from "./file-types.ts";
import type { MountNode } from "./mount-node.ts";
import { accessFlags } from "./opened-file.ts";
import { childNode } from "./places.ts";
import { isReadOnly, type Place, type Position, type Walk } from "./walk.ts";

/** Permission bits of a new file, less the process's umask. */
const NEW_FILE_MODE = 0o666;

/**
 * What an open came to. `fd` belongs to the receiver; a virtual directory has none. `isStart` tells that it is the
 * directory the walk began in.
 */
export type Opened =
  | { readonly kind: "file"; readonly fd: number; readonly readOnly: boolean }
  | { readonly kind: "directory"; readonly position: Position; readonly isStart: boolean };

/**
 * Opens what the walk leads to, as openat(2) would. A name is first located with O_PATH, which has no side effect
 * whatever it stands for, and only a regular file or a directory is then opened, through that very descriptor: so a
 * FIFO can not block the thread and a device can not be touched, not even one that is swapped in meanwhile.
 */
export function openPlace(walk: Walk, options: OpenOptions): Opened {
  if (options.create === true && options.mustBeDirectory === true) {
    throw new HostError("invalid", "create a directory by opening it: create it first");
  }
  for (;;) {
    const place = walk.toFinal();
    const opened = openOnce(walk, place, options);
    if (opened !== undefined) return opened;
  }
}

/** Undefined when the walk has more to do first: a symlink to follow, or a name that changed between two looks. */
function openOnce(walk: Walk, place: Place, options: OpenOptions): Opened | undefined {
  const { directory, name } = place;
  if (name === undefined) return openPosition(directory, options, walk.isStart(directory));
  if (options.create === true && place.trailingSlash) {
    throw new HostError("is-directory", `create '${name}/': it ends in a slash`);
  }
  const node = childNode(place);
  if (node !== undefined) return openNode(walk, { place, node, name }, options);
  const found = directory.fd === undefined ? undefined : locate(directory.fd, name);
  if (found === undefined) return createFile(walk, place, options);
  using located = found;
  return openLocated(walk, place, { located, options });
}

function openPosition(position: Position, options: OpenOptions, isStart: boolean): Opened {
  checkDirectoryOptions(options);
  const fd = position.fd === undefined ? undefined : duplicateDirectory(position.fd);
  return { kind: "directory", position: { ...position, fd }, isStart };
}

function openNode(walk: Walk, at: { place: Place; node: MountNode; name: string }, options: OpenOptions): Opened {
  const { source, readOnly } = at.node;
  if (source.kind !== "file") return openPosition(walk.enter(at.name), options, false);
  checkNotExclusive(options);
  return openRegular(source.descriptor.fd, options, { readOnly, directoryAsked: asksDirectory(at.place, options) });
}

function openLocated(
  walk: Walk,
  place: Place,
  { located, options }: { located: OwnedDescriptor; options: OpenOptions },
): Opened | undefined {
  const type = fileTypeOf(fstatSync(located.fd).mode);
  checkNotExclusive(options);
  if (type === "symbolic-link") return openSymlink(walk, place, options);
  if (type === "directory") {
    checkDirectoryOptions(options);
    const position = { fd: located.release(), node: undefined, mount: place.directory.mount };
    return { kind: "directory", position, isStart: false };
  }
  checkRegular(type);
  const { readOnly } = place.directory.mount;
  return openRegular(located.fd, options, { readOnly, directoryAsked: asksDirectory(place, options) });
}

function openSymlink(walk: Walk, place: Place, options: OpenOptions): undefined {
  if (options.followFinal === true || place.trailingSlash) {
    walk.followFinal(place);
    return;
  }
  const code = options.mustBeDirectory === true ? "not-directory" : "loop";
  throw new HostError(code, "open a symlink: it is not to be followed");
}

/** Opens the very file that `locatedFd` stands for. */
function openRegular(
  locatedFd: number,
  options: OpenOptions,
  { readOnly, directoryAsked }: { readOnly: boolean; directoryAsked: boolean },
): Opened {
  if (directoryAsked) throw new HostError("not-directory", "open a file: the path asks for a directory");
  if (readOnly && changesFile(options)) {
    throw new HostError("read-only", "open a file to change it: its mount is read-only");
  }
  const truncate = options.truncate === true ? constants.O_TRUNC : 0;
  return { kind: "file", fd: openSync(descriptorPath(locatedFd), accessFlags(options) | truncate), readOnly };
}

/** O_EXCL never follows a symlink and never opens what another process has just put there. */
function createFile(walk: Walk, place: Place, options: OpenOptions): Opened | undefined {
  const { directory, name } = place;
  if (options.create !== true || name === undefined) {
    throw new HostError("no-entry", `open '${name}': there is no such name`);
  }
  if (directory.fd === undefined || isReadOnly(directory)) {
    throw new HostError("read-only", `create '${name}': its mount is read-only`);
  }
  try {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | accessFlags(options);
    return { kind: "file", fd: openSync(entryPath(directory.fd, name), flags, NEW_FILE_MODE), readOnly: false };
  } catch (error) {
    if (options.exclusive === true || systemErrorCode(error) !== "EEXIST") throw error;
    walk.retryFinal(place);
    return undefined;
  }
}

/** Undefined when there is no such name. */
function locate(fd: number, name: string): OwnedDescriptor | undefined {
  try {
    return new OwnedDescriptor(openSync(entryPath(fd, name), O_PATH | constants.O_NOFOLLOW));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function asksDirectory(place: Place, options: OpenOptions): boolean {
  return place.trailingSlash || options.mustBeDirectory === true;
}

function changesFile(options: OpenOptions): boolean {
  return options.write === true || options.append === true || options.truncate === true;
}

function checkNotExclusive(options: OpenOptions): void {
  if (options.create === true && options.exclusive === true) {
    throw new HostError("exist", "create a file: the name exists");
  }
}

function checkDirectoryOptions(options: OpenOptions): void {
  checkNotExclusive(options);
  if (options.create === true || changesFile(options)) {
    throw new HostError("is-directory", "open a directory: it cannot be opened for writing");
  }
}

/** FIFOs, sockets and devices inside a grant were not themselves granted; what a guest may talk to it is given. */
function checkRegular(type: FileType): void {
  if (type === "regular-file") return;
  throw new HostError("unsupported", `open a ${type}: only files and directories are opened by path`);
}
