import type {
  DatagramSocket,
  Directory,
  FileType,
  InputStream,
  Listener,
  OutputStream,
  PushbackInput,
  RegularFile,
  ShutdownHalves,
} from "../host/index.ts";
import { errno, P1Error } from "./errno.ts";
import { isWithin } from "./rights.ts";

/** Bytes in or out without a position: stdio. A missing half means that the descriptor is for the other way only. */
export interface StreamResource {
  readonly kind: "stream";
  readonly input?: InputStream;
  readonly output?: OutputStream;
  close(): void;
}

export interface ConnectionResource {
  readonly kind: "connection";
  readonly input: PushbackInput;
  readonly output: OutputStream;
  shutdown(halves: ShutdownHalves): void;
  close(): void;
}

export interface ListenerResource {
  readonly kind: "listener";
  readonly listener: Listener;
  close(): void;
}

/** A bound UDP socket, which a guest can only receive on: WASI 0.1 has no call that names whom to send to. */
export interface DatagramsResource {
  readonly kind: "datagrams";
  readonly input: DatagramSocket;
  readonly output?: undefined;
  close(): void;
}

export interface FileResource {
  readonly kind: "file";
  readonly file: RegularFile;
  close(): void;
}

export interface DirectoryResource {
  readonly kind: "directory";
  readonly directory: Directory;
  /** Where the guest sees a preopened directory. */
  readonly preopenPath?: string;
  close(): void;
}

export type Resource =
  | StreamResource
  | ConnectionResource
  | ListenerResource
  | DatagramsResource
  | FileResource
  | DirectoryResource;

interface Rights {
  readonly base: number;
  readonly inheriting: number;
}

/** One open descriptor of a guest: the thing itself, what may be done with it, and where it stands. */
export class Descriptor<R extends Resource = Resource> {
  readonly resource: R;
  rights: Rights;
  /** `fdflags`. */
  flags: number;
  /** Position of the next read or write; regular files only. */
  positionBytes = 0n;

  constructor(resource: R, rights: Rights, flags = 0) {
    this.resource = resource;
    this.rights = rights;
    this.flags = flags;
  }

  /** Whether the thing is one that `kind` names. */
  is<Kind extends Resource["kind"]>(kind: Kind): this is Descriptor<Extract<Resource, { kind: Kind }>> {
    return this.resource.kind === kind;
  }

  /** Fails with `notcapable` unless all of `rights` are held. */
  require(rights: number): void {
    if (isWithin(rights, this.rights.base)) return;
    throw new P1Error(errno.notCapable, "use a descriptor beyond its rights");
  }
}

/** The type of a descriptor as `fd_fdstat_get` and `fd_filestat_get` report it. */
export function fileTypeOf(resource: Resource): FileType {
  if (resource.kind === "directory") return "directory";
  if (resource.kind === "file") return "regular-file";
  if (resource.kind === "datagrams") return "datagram-socket";
  if (resource.kind !== "stream") return "socket";
  return (resource.input ?? resource.output)?.isTerminal === true ? "character-device" : "unknown";
}
