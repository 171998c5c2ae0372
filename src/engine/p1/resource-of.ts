import type {
  ConnectionResource,
  Descriptor,
  DirectoryResource,
  FileResource,
  ListenerResource,
} from "./descriptor.ts";
import { errno, type Errno, P1Error } from "./errno.ts";

/**
 * Each of these narrows a descriptor to what a call works on. The kind is looked at before the rights, so that a guest
 * reading a directory is told `isdir` as on any POSIX system, and not that a right is missing which nothing could give.
 */
export function asFile(descriptor: Descriptor, rights: number, otherwise: Errno): Descriptor<FileResource> {
  if (descriptor.is("directory")) throw new P1Error(errno.isDirectory, "use a directory as a file");
  if (!descriptor.is("file")) throw new P1Error(otherwise, "use a stream as a file");
  descriptor.require(rights);
  return descriptor;
}

export function asDirectory(descriptor: Descriptor, rights: number): Descriptor<DirectoryResource> {
  if (!descriptor.is("directory")) throw new P1Error(errno.notDirectory, "look up a path below a file");
  descriptor.require(rights);
  return descriptor;
}

export function asListener(descriptor: Descriptor, rights: number): Descriptor<ListenerResource> {
  if (descriptor.is("connection")) throw new P1Error(errno.invalid, "accept on a connection");
  if (descriptor.is("datagrams")) throw new P1Error(errno.notSupported, "accept on a socket for datagrams");
  if (!descriptor.is("listener")) throw new P1Error(errno.notSocket, "accept on a file");
  descriptor.require(rights);
  return descriptor;
}

export function asConnection(descriptor: Descriptor, rights: number): Descriptor<ConnectionResource> {
  if (descriptor.is("listener")) throw new P1Error(errno.notConnected, "use a listening socket as a connection");
  if (descriptor.is("datagrams")) throw new P1Error(errno.notConnected, "use a socket for datagrams as a connection");
  if (!descriptor.is("connection")) throw new P1Error(errno.notSocket, "use a file as a socket");
  descriptor.require(rights);
  return descriptor;
}
