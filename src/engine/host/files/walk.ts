import { closeSync, lstatSync, openSync, readlinkSync } from "node:fs";
import { systemErrorCode } from "#base";
import { HostError } from "../host-error.ts";
import { entryPath, STEP_FLAGS } from "./descriptor.ts";
import { parseGuestPath } from "./guest-path.ts";
import type { MountNode } from "./mount-node.ts";

/** Symlinks followed in one path, as Linux's MAXSYMLINKS. */
export const SYMLINKS_MAX = 40;

/** Directories below the start held at once, one descriptor each; real trees are a tenth as deep. */
export const PATH_DEPTH_MAX = 256;

/** Segments walked for one path, symlinks' included, so that one call holds its thread for some milliseconds only. */
const WALK_STEPS_MAX = 4096;

/** A directory reached by a walk: a host directory, a node of the mount tree, or both. */
export interface Position {
  /** Undefined for a virtual directory. */
  readonly fd: number | undefined;
  /** The node of the mount tree that lies here, for the children that hide host entries. */
  readonly node: MountNode | undefined;
  /** The mount that it belongs to; two positions are on one mount when these are the same object. */
  readonly mount: MountNode;
}

/** Where a walk ended: a name in a directory, or, when `name` is undefined, that directory itself. */
export interface Place {
  readonly directory: Position;
  readonly name: string | undefined;
  /** True when the path asked for a directory by a slash behind the name. */
  readonly trailingSlash: boolean;
}

/** Where a walk begins, and whether absolute symlink targets mean this very directory. */
export interface WalkStart {
  readonly position: Position;
  readonly isTreeRoot: boolean;
}

/** True when nothing may be created, changed or removed here. */
export function isReadOnly(position: Position): boolean {
  return position.fd === undefined || position.mount.readOnly;
}

/**
 * Resolves one path under a directory without ever letting the kernel interpret more than one segment: each step is an
 * open with O_NOFOLLOW below a descriptor, symlinks are read and queued here, and `..` pops the stack of descriptors
 * that this walk has opened. So a directory that is swapped for a symlink, or moved elsewhere, while the walk runs can
 * not lead it outside. Descriptors live until the walk is disposed; a walk never outlives the call that made it.
 */
export class Walk implements Disposable {
  readonly #start: WalkStart;
  readonly #stack: Position[];
  readonly #opened: number[] = [];
  /** Segments still to be walked, the next one last. */
  readonly #pending: string[];
  #trailingSlash: boolean;
  #stepsLeft = WALK_STEPS_MAX;
  #symlinksLeft = SYMLINKS_MAX;

  constructor(start: WalkStart, path: string) {
    const parsed = parseGuestPath(path);
    if (parsed.absolute) throw new HostError("not-permitted", `resolve '${path}': it leads outside the directory`);
    this.#start = start;
    this.#stack = [start.position];
    this.#pending = parsed.segments.toReversed();
    this.#trailingSlash = parsed.trailingSlash;
  }

  /** True when `position` is where the walk began. */
  isStart(position: Position): boolean {
    return position === this.#start.position;
  }

  /** Walks to the directory of the last segment. Called again after `followFinal`. */
  toFinal(): Place {
    for (;;) {
      const segment = this.#pending.pop();
      if (segment === undefined) return this.#place(undefined);
      this.#countStep(segment);
      if (segment === "..") this.#stepUp();
      else if (segment === ".") continue;
      else if (this.#pending.length === 0) return this.#place(segment);
      else this.#stepDown(segment);
    }
  }

  /** Steps into the directory `name` of a place, which must not be a symlink. */
  enter(name: string): Position {
    this.#stepDown(name);
    return this.#top();
  }

  /** Queues the target of the symlink at `place`; when it is no symlink any more, the name itself, to look again. */
  followFinal(place: Place): void {
    if (place.name === undefined || place.directory.fd === undefined) return;
    const target = this.#readSymlink(place.directory.fd, place.name);
    if (target === undefined) this.retryFinal(place);
    else this.#trailingSlash = this.#queueTarget(target) || this.#trailingSlash;
  }

  /** Queues the name of `place` again: another process changed it between two looks. */
  retryFinal(place: Place): void {
    if (place.name !== undefined) this.#pending.push(place.name);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#opened) closeSync(fd);
    this.#opened.length = 0;
  }

  #place(name: string | undefined): Place {
    return { directory: this.#top(), name, trailingSlash: this.#trailingSlash };
  }

  #top(): Position {
    return this.#stack.at(-1) ?? this.#start.position;
  }

  #countStep(segment: string): void {
    this.#stepsLeft -= 1;
    if (this.#stepsLeft < 0) {
      throw new HostError("loop", `resolve '${segment}': the path has more than ${WALK_STEPS_MAX} segments`);
    }
  }

  #stepUp(): void {
    if (this.#stack.length === 1) {
      throw new HostError("not-permitted", "resolve '..': it leads outside the directory");
    }
    this.#stack.pop();
  }

  #stepDown(name: string): void {
    if (this.#stack.length > PATH_DEPTH_MAX) {
      throw new HostError("name-too-long", `resolve '${name}': it is more than ${PATH_DEPTH_MAX} directories deep`);
    }
    const { fd, node, mount } = this.#top();
    const child = node?.children.get(name);
    if (child !== undefined) this.#stack.push(this.#enterNode(child, name));
    else if (fd === undefined) throw new HostError("no-entry", `resolve '${name}': there is no such name`);
    else this.#stepOnHost({ fd, node, mount }, name, fd);
  }

  #stepOnHost(from: Position, name: string, fromFd: number): void {
    const fd = this.#openStep(fromFd, name);
    if (fd !== undefined) {
      this.#stack.push({ fd, node: undefined, mount: from.mount });
      return;
    }
    const target = this.#readSymlink(fromFd, name);
    if (target === undefined) this.#retryStep(fromFd, name);
    else this.#queueTarget(target);
  }

  /** What was neither directory nor symlink in two looks may be one of them by now; anything else is final. */
  #retryStep(fd: number, name: string): void {
    const stat = lstatSync(entryPath(fd, name));
    if (!stat.isDirectory() && !stat.isSymbolicLink()) {
      throw new HostError("not-directory", `resolve '${name}': it is not a directory`);
    }
    this.#pending.push(name);
  }

  /** A node with nothing mounted lies over the host directory of its name, where there is one. */
  #enterNode(child: MountNode, name: string): Position {
    if (child.source.kind === "directory") return { fd: child.source.descriptor.fd, node: child, mount: child };
    if (child.source.kind === "file") throw new HostError("not-directory", `resolve '${name}': it is a file`);
    const { fd, mount } = this.#top();
    return { fd: fd === undefined ? undefined : this.#openOverlaid(fd, name), node: child, mount };
  }

  #openOverlaid(fd: number, name: string): number | undefined {
    try {
      return this.#openStep(fd, name);
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Undefined when the name is something else than a directory, which a symlink is too. */
  #openStep(fd: number, name: string): number | undefined {
    try {
      const opened = openSync(entryPath(fd, name), STEP_FLAGS);
      this.#opened.push(opened);
      return opened;
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "ENOTDIR" || code === "ELOOP") return undefined;
      throw error;
    }
  }

  /** Undefined when the name is not a symlink. */
  #readSymlink(fd: number, name: string): string | undefined {
    try {
      return decodeName(readlinkSync(entryPath(fd, name), "buffer"));
    } catch (error) {
      if (systemErrorCode(error) === "EINVAL") return undefined;
      throw error;
    }
  }

  /** Returns whether the target ends in a slash. */
  #queueTarget(target: string): boolean {
    this.#symlinksLeft -= 1;
    if (this.#symlinksLeft < 0) {
      throw new HostError("loop", `follow a symlink to '${target}': the path has more than ${SYMLINKS_MAX} of them`);
    }
    const parsed = parseGuestPath(target);
    if (parsed.absolute) this.#returnToRoot(target);
    for (const segment of parsed.segments.toReversed()) this.#pending.push(segment);
    return parsed.trailingSlash;
  }

  /**
   * In a tree that the guest sees at `/`, absolute targets mean the guest's own root, as in any container: images and
   * volumes are full of them. Elsewhere (a granted directory, or a handle below the root, which is a sandbox of its
   * own) they would lead outside and are refused, as other WASI hosts do.
   */
  #returnToRoot(target: string): void {
    if (!this.#start.isTreeRoot) {
      throw new HostError(
        "not-permitted",
        `follow a symlink to '${target}': absolute targets are outside the directory`,
      );
    }
    this.#stack.length = 1;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A name or target of the host as text; WASI's strings are UTF-8, so anything else is an error. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new HostError("illegal-byte-sequence", "read a name of the host: it is not UTF-8", { cause: error });
  }
}
