import type { Directory } from "../host/index.ts";
import type { CallFamily, P1Context } from "./context.ts";
import { errno, P1Error } from "./errno.ts";
import { newTimes, writeFilestat } from "./fd-meta.ts";
import { lookupSymlinkFollow } from "./layout.ts";
import { openPath, type PathOpenRequest } from "./path-open.ts";
import { asDirectory } from "./resource-of.ts";
import { isWithin, right, rightsFromGuest } from "./rights.ts";

/**
 * `path_open`, `path_create_directory`, `path_filestat_get`, `path_filestat_set_times`, `path_link`, `path_readlink`,
 * `path_remove_directory`, `path_rename`, `path_symlink`, `path_unlink_file`.
 */
export function pathCalls(context: P1Context): CallFamily {
  return {
    plain: { path_open: pathOpen(context), ...statCalls(context), ...nameCalls(context), ...linkCalls(context) },
  };
}

/** The signature is the witx's, nine values flat. */
function pathOpen(context: P1Context) {
  const { memory, table } = context;
  return (...values: [number, number, number, number, number, bigint, bigint, number, number]): undefined => {
    const [fd, lookup, pointer, length, oflags, base, inheriting, fdflags, result] = values;
    const parent = asDirectory(table.get(fd), right.pathOpen);
    const request: PathOpenRequest = {
      path: memory.readPath(pointer, length),
      followFinal: follows(lookup),
      oflags,
      fdflags,
      rights: { base: rightsFromGuest(base), inheriting: rightsFromGuest(inheriting) },
    };
    memory.writeU32(result, 0);
    memory.writeU32(result, table.insert(openPath(parent, request)));
  };
}

function statCalls(context: P1Context) {
  const { memory } = context;
  return {
    path_filestat_get(fd: number, lookup: number, pointer: number, length: number, result: number) {
      const directory = directoryOf(context, fd, right.pathFilestatGet);
      const stat = directory.statAt(memory.readPath(pointer, length), follows(lookup));
      writeFilestat(memory, result, stat);
      return undefined;
    },
    path_filestat_set_times(...values: [number, number, number, number, bigint, bigint, number]) {
      const [fd, lookup, pointer, length, accessed, modified, flags] = values;
      const directory = directoryOf(context, fd, right.pathFilestatSetTimes);
      const times = newTimes(accessed, modified, flags);
      directory.setTimesAt(memory.readPath(pointer, length), follows(lookup), times);
      return undefined;
    },
  };
}

function nameCalls(context: P1Context) {
  const { memory } = context;
  return {
    path_create_directory(fd: number, pointer: number, length: number) {
      directoryOf(context, fd, right.pathCreateDirectory).createDirectoryAt(memory.readPath(pointer, length));
      return undefined;
    },
    path_remove_directory(fd: number, pointer: number, length: number) {
      directoryOf(context, fd, right.pathRemoveDirectory).removeDirectoryAt(memory.readPath(pointer, length));
      return undefined;
    },
    path_unlink_file(fd: number, pointer: number, length: number) {
      directoryOf(context, fd, right.pathUnlinkFile).unlinkFileAt(memory.readPath(pointer, length));
      return undefined;
    },
    path_rename(...values: [number, number, number, number, number, number]) {
      const [fd, pointer, length, newFd, newPointer, newLength] = values;
      const directory = directoryOf(context, fd, right.pathRenameSource);
      const newDirectory = directoryOf(context, newFd, right.pathRenameTarget);
      const newPath = memory.readPath(newPointer, newLength);
      directory.renameAt(memory.readPath(pointer, length), newDirectory, newPath);
      return undefined;
    },
  };
}

function linkCalls(context: P1Context) {
  const { memory } = context;
  return {
    path_link(...values: [number, number, number, number, number, number, number]) {
      const [fd, lookup, pointer, length, newFd, newPointer, newLength] = values;
      const directory = directoryOf(context, fd, right.pathLinkSource);
      const newDirectory = directoryOf(context, newFd, right.pathLinkTarget);
      const newPath = memory.readPath(newPointer, newLength);
      directory.linkAt(memory.readPath(pointer, length), follows(lookup), newDirectory, newPath);
      return undefined;
    },
    path_symlink(pointer: number, length: number, fd: number, newPointer: number, newLength: number) {
      const target = memory.readPath(pointer, length);
      const directory = directoryOf(context, fd, right.pathSymlink);
      directory.symlinkAt(target, memory.readPath(newPointer, newLength));
      return undefined;
    },
    path_readlink(...values: [number, number, number, number, number, number]) {
      const [fd, pointer, length, buffer, bufferLength, result] = values;
      const directory = directoryOf(context, fd, right.pathReadlink);
      memory.writeU32(result, 0);
      // As readlink(2): what does not fit is cut off without a word.
      const target = Buffer.from(directory.readLinkAt(memory.readPath(pointer, length)));
      const fitting = target.subarray(0, bufferLength >>> 0);
      memory.write(buffer, fitting);
      memory.writeU32(result, fitting.length);
      return undefined;
    },
  };
}

function directoryOf({ table }: P1Context, fd: number, rights: number): Directory {
  return asDirectory(table.get(fd), rights).resource.directory;
}

function follows(lookup: number): boolean {
  if (!isWithin(lookup, lookupSymlinkFollow)) throw new P1Error(errno.invalid, "look up by flags that do not exist");
  return (lookup & lookupSymlinkFollow) !== 0;
}
