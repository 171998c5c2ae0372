import {
  constants,
  fsync,
  linkSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { promisify } from "node:util";
import { HostError } from "../host-error.ts";
import { attempt, attemptAsync } from "./attempt.ts";
import { descriptorPath, entryPath, OwnedDescriptor } from "./descriptor.ts";
import { DirectoryReader } from "./directory-reader.ts";
import type { Directory, DirectoryEntry, FileStat, NewTimes, OpenOptions, RegularFile } from "./file-types.ts";
import type { Guest } from "./guest.ts";
import { checkText } from "./guest-path.ts";
import { openPlace } from "./open-place.ts";
import { OpenedFile } from "./opened-file.ts";
import { checkSameMount, existingEntryPath, linkSourcePath, newEntryPath, positionStat, settle } from "./places.ts";
import { nodeTimeOf } from "./set-times.ts";
import { type TimesTarget, timesTarget } from "./times-target.ts";
import { decodeName, isReadOnly, type Position, Walk, type WalkStart } from "./walk.ts";

const flushAll = promisify(fsync);

/** What a directory handle is made of. */
interface MountedDirectoryOptions {
  readonly guest: Guest;
  /** Its `fd` belongs to the handle. */
  readonly position: Position;
  /** True for the root of a tree that the guest sees at `/`: absolute symlink targets mean this directory. */
  readonly isTreeRoot: boolean;
}

/** A directory of a mount tree. Counts in the guest's budget until it is closed. */
export class MountedDirectory implements Directory {
  readonly kind = "directory";
  readonly #options: MountedDirectoryOptions;
  readonly #descriptor: OwnedDescriptor | undefined;
  #reader: DirectoryReader | undefined;
  #closed = false;

  /** Takes the descriptor over also when it throws. */
  constructor(options: MountedDirectoryOptions) {
    this.#options = options;
    const { fd } = options.position;
    this.#descriptor = fd === undefined ? undefined : new OwnedDescriptor(fd);
    try {
      options.guest.admit(this);
    } catch (error) {
      this.#descriptor?.close();
      throw error;
    }
  }

  get readOnly(): boolean {
    return isReadOnly(this.#options.position);
  }

  openAt(path: string, options: OpenOptions): Directory | RegularFile {
    return attempt(`open '${path}'`, () => {
      this.#options.guest.checkRoom();
      const start = this.#start();
      using walk = new Walk(start, path);
      const opened = openPlace(walk, options);
      const { guest } = this.#options;
      if (opened.kind === "file") return new OpenedFile({ ...opened, guest, options });
      return new MountedDirectory({ guest, position: opened.position, isTreeRoot: opened.isStart && start.isTreeRoot });
    });
  }

  statAt(path: string, followFinal: boolean): FileStat {
    return attempt(`stat '${path}'`, () => {
      using walk = this.#walk(path);
      return this.#options.guest.times.restore(settle(walk, followFinal).stat);
    });
  }

  setTimesAt(path: string, followFinal: boolean, times: NewTimes): void {
    attempt(`set the times of '${path}'`, () => {
      using walk = this.#walk(path);
      const { place } = settle(walk, followFinal);
      this.#setTimes(timesTarget(place), times);
    });
  }

  createDirectoryAt(path: string): void {
    attempt(`create directory '${path}'`, () => {
      using walk = this.#walk(path);
      mkdirSync(newEntryPath(walk.toFinal()));
    });
  }

  removeDirectoryAt(path: string): void {
    attempt(`remove directory '${path}'`, () => {
      using walk = this.#walk(path);
      const place = walk.toFinal();
      if (place.name === undefined) throw new HostError("invalid", "remove '.' or '..': name the directory itself");
      rmdirSync(existingEntryPath(place));
    });
  }

  unlinkFileAt(path: string): void {
    attempt(`unlink '${path}'`, () => {
      using walk = this.#walk(path);
      const place = walk.toFinal();
      if (place.name === undefined) throw new HostError("is-directory", "unlink '.' or '..': it is a directory");
      unlinkSync(existingEntryPath(place));
    });
  }

  renameAt(path: string, newDirectory: Directory, newPath: string): void {
    attempt(`rename '${path}' to '${newPath}'`, () => {
      using walk = this.#walk(path);
      using newWalk = mounted(newDirectory).#walk(newPath);
      const place = walk.toFinal();
      const newPlace = newWalk.toFinal();
      checkSameMount(place, newPlace);
      renameSync(existingEntryPath(place), existingEntryPath(newPlace));
    });
  }

  linkAt(path: string, followFinal: boolean, newDirectory: Directory, newPath: string): void {
    attempt(`link '${path}' to '${newPath}'`, () => {
      using walk = this.#walk(path);
      using newWalk = mounted(newDirectory).#walk(newPath);
      const { place } = settle(walk, followFinal);
      const newPlace = newWalk.toFinal();
      checkSameMount(place, newPlace);
      const newHostPath = newEntryPath(newPlace);
      linkSync(linkSourcePath(place), newHostPath);
    });
  }

  symlinkAt(target: string, path: string): void {
    attempt(`create symlink '${path}'`, () => {
      checkText(target);
      // A later reader of the volume may be a host process, to which the target means the host's own root.
      if (target.startsWith("/")) {
        throw new HostError("not-permitted", `point a symlink to '${target}': use a relative target`);
      }
      using walk = this.#walk(path);
      symlinkSync(target, newEntryPath(walk.toFinal()));
    });
  }

  readLinkAt(path: string): string {
    return attempt(`read symlink '${path}'`, () => {
      using walk = this.#walk(path);
      const { place, stat } = settle(walk, false);
      const { fd } = place.directory;
      if (stat.type !== "symbolic-link" || fd === undefined || place.name === undefined) {
        throw new HostError("invalid", "read a symlink: it is something else");
      }
      return decodeName(readlinkSync(entryPath(fd, place.name), "buffer"));
    });
  }

  stat(): FileStat {
    return attempt("stat a directory", () => this.#options.guest.times.restore(positionStat(this.#start().position)));
  }

  setTimes(times: NewTimes): void {
    attempt("set the times of a directory", () => {
      this.#setTimes(timesTarget({ directory: this.#start().position, name: undefined, trailingSlash: false }), times);
    });
  }

  entries(cookie: bigint, entriesMax: number): readonly DirectoryEntry[] {
    return attempt("list a directory", () => {
      if (cookie < 0n || cookie > BigInt(Number.MAX_SAFE_INTEGER)) {
        throw new HostError("invalid", `list a directory from cookie ${cookie}: it was never given out`);
      }
      const { position } = this.#start();
      this.#reader ??= new DirectoryReader({ position, selfInode: positionStat(position).inode });
      return this.#reader.read(Number(cookie), entriesMax);
    });
  }

  sync(): Promise<void> {
    return attemptAsync("flush a directory", () => this.#flush());
  }

  dataSync(): Promise<void> {
    return this.sync();
  }

  close(): void {
    this.#closed = true;
    this.#reader?.[Symbol.dispose]();
    this.#reader = undefined;
    this.#descriptor?.close();
    this.#options.guest.dismiss(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #start(): WalkStart {
    if (this.#closed) throw new HostError("bad-descriptor", "use a directory: it is closed");
    return this.#options;
  }

  #walk(path: string): Walk {
    return new Walk(this.#start(), path);
  }

  #setTimes(target: TimesTarget, times: NewTimes): void {
    target.set(nodeTimeOf(times.accessed), nodeTimeOf(times.modified));
    this.#options.guest.times.remember(times, target.stat());
  }

  async #flush(): Promise<void> {
    const { fd } = this.#start().position;
    if (fd === undefined) return;
    const readable = new OwnedDescriptor(openSync(descriptorPath(fd), constants.O_RDONLY | constants.O_DIRECTORY));
    try {
      await readable.useAsync(flushAll);
    } finally {
      readable.close();
    }
  }
}

function mounted(directory: Directory): MountedDirectory {
  if (directory instanceof MountedDirectory) return directory;
  throw new HostError("cross-device", "bring a name to another directory: it is of another kind");
}
