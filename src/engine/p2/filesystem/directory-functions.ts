import type { HostInterface } from "../../component/index.ts";
import type { OpenOptions } from "../../host/index.ts";
import { FileDescriptor } from "./descriptor.ts";
import { EntryStream } from "./entries.ts";
import { attempt } from "./error-code.ts";
import { descriptorStatOf, metadataHashOf, type NewTimestamp, newTimeOf } from "./stat.ts";

type Flags = ReadonlySet<string>;

const openingFunctions: HostInterface["functions"] = {
  "[method]descriptor.read-directory": (self: FileDescriptor) =>
    attempt(() => {
      const directory = new FileDescriptor(self.directory.openAt(".", { mustBeDirectory: true })).directory;
      return new EntryStream(directory);
    }),
  "[method]descriptor.open-at": (self: FileDescriptor, pathFlags: Flags, path: string, open: Flags, flags: Flags) =>
    attempt(() => new FileDescriptor(self.directory.openAt(path, openOptionsOf(pathFlags, open, flags)))),
  "[method]descriptor.readlink-at": (self: FileDescriptor, path: string) =>
    attempt(() => self.directory.readLinkAt(path)),
};

const statFunctions: HostInterface["functions"] = {
  "[method]descriptor.stat-at": (self: FileDescriptor, flags: Flags, path: string) =>
    attempt(() => descriptorStatOf(self.directory.statAt(path, follows(flags)))),
  "[method]descriptor.set-times-at": (
    self: FileDescriptor,
    flags: Flags,
    path: string,
    accessed: NewTimestamp,
    modified: NewTimestamp,
  ) =>
    attempt(() => {
      const times = { accessed: newTimeOf(accessed), modified: newTimeOf(modified) };
      self.directory.setTimesAt(path, follows(flags), times);
    }),
  "[method]descriptor.metadata-hash-at": (self: FileDescriptor, flags: Flags, path: string) =>
    attempt(() => metadataHashOf(self.directory.statAt(path, follows(flags)))),
};

const nameFunctions: HostInterface["functions"] = {
  "[method]descriptor.create-directory-at": (self: FileDescriptor, path: string) =>
    attempt(() => self.directory.createDirectoryAt(path)),
  "[method]descriptor.remove-directory-at": (self: FileDescriptor, path: string) =>
    attempt(() => self.directory.removeDirectoryAt(path)),
  "[method]descriptor.unlink-file-at": (self: FileDescriptor, path: string) =>
    attempt(() => self.directory.unlinkFileAt(path)),
  "[method]descriptor.symlink-at": (self: FileDescriptor, target: string, path: string) =>
    attempt(() => self.directory.symlinkAt(target, path)),
  "[method]descriptor.link-at": (self: FileDescriptor, flags: Flags, path: string, to: FileDescriptor, as: string) =>
    attempt(() => self.directory.linkAt(path, follows(flags), to.directory, as)),
  "[method]descriptor.rename-at": (self: FileDescriptor, path: string, to: FileDescriptor, as: string) =>
    attempt(() => self.directory.renameAt(path, to.directory, as)),
};

/** Methods of a descriptor that take a path: every one goes through the directory's own walk. */
export const directoryFunctions: HostInterface["functions"] = {
  ...openingFunctions,
  ...statFunctions,
  ...nameFunctions,
};

function follows(flags: Flags): boolean {
  return flags.has("symlink-follow");
}

export function openOptionsOf(pathFlags: Flags, open: Flags, flags: Flags): OpenOptions {
  const write = flags.has("write");
  return {
    followFinal: follows(pathFlags),
    mustBeDirectory: open.has("directory"),
    create: open.has("create"),
    exclusive: open.has("exclusive"),
    truncate: open.has("truncate"),
    // A descriptor without flags still has to be opened somehow: for reading, as wasi-libc's O_SEARCH.
    read: flags.has("read") || !write,
    write,
    sync: flags.has("file-integrity-sync") || flags.has("requested-write-sync"),
    dataSync: flags.has("data-integrity-sync"),
  };
}
