import { HostError, type HostErrorCode } from "../host/index.ts";

/** `errno` of wasi_snapshot_preview1: the numbers that host calls answer. Only those that are ever answered. */
export const errno = {
  success: 0,
  access: 2,
  addressInUse: 3,
  addressNotAvailable: 4,
  again: 6,
  already: 7,
  badDescriptor: 8,
  busy: 10,
  connectionAborted: 13,
  connectionRefused: 14,
  connectionReset: 15,
  deadlock: 16,
  quota: 19,
  exist: 20,
  fault: 21,
  fileTooLarge: 22,
  hostUnreachable: 23,
  illegalByteSequence: 25,
  inProgress: 26,
  interrupted: 27,
  invalid: 28,
  io: 29,
  isDirectory: 31,
  loop: 32,
  tooManyOpenFiles: 33,
  tooManyLinks: 34,
  messageSize: 35,
  nameTooLong: 37,
  noDevice: 43,
  noEntry: 44,
  noLock: 46,
  noMemory: 48,
  noSpace: 51,
  notConnected: 53,
  notDirectory: 54,
  notEmpty: 55,
  notRecoverable: 56,
  notSocket: 57,
  notSupported: 58,
  noTerminal: 59,
  noSuchDevice: 60,
  overflow: 61,
  notPermitted: 63,
  pipe: 64,
  readOnly: 69,
  invalidSeek: 70,
  timedOut: 73,
  textFileBusy: 74,
  crossDevice: 75,
  notCapable: 76,
} as const;

export type Errno = (typeof errno)[keyof typeof errno];

const errnoOfHostErrors: Readonly<Record<HostErrorCode, Errno>> = {
  access: errno.access,
  "would-block": errno.again,
  already: errno.already,
  "bad-descriptor": errno.badDescriptor,
  busy: errno.busy,
  deadlock: errno.deadlock,
  quota: errno.quota,
  exist: errno.exist,
  "file-too-large": errno.fileTooLarge,
  "illegal-byte-sequence": errno.illegalByteSequence,
  "in-progress": errno.inProgress,
  interrupted: errno.interrupted,
  invalid: errno.invalid,
  io: errno.io,
  "is-directory": errno.isDirectory,
  loop: errno.loop,
  "too-many-links": errno.tooManyLinks,
  "message-size": errno.messageSize,
  "name-too-long": errno.nameTooLong,
  "no-device": errno.noDevice,
  "no-entry": errno.noEntry,
  "no-lock": errno.noLock,
  "insufficient-memory": errno.noMemory,
  "insufficient-space": errno.noSpace,
  "not-directory": errno.notDirectory,
  "not-empty": errno.notEmpty,
  "not-recoverable": errno.notRecoverable,
  unsupported: errno.notSupported,
  "no-tty": errno.noTerminal,
  "no-such-device": errno.noSuchDevice,
  overflow: errno.overflow,
  "not-permitted": errno.notPermitted,
  pipe: errno.pipe,
  "read-only": errno.readOnly,
  "invalid-seek": errno.invalidSeek,
  "text-file-busy": errno.textFileBusy,
  "cross-device": errno.crossDevice,
  "too-many-open-files": errno.tooManyOpenFiles,
  "connection-reset": errno.connectionReset,
  "not-connected": errno.notConnected,
  "not-socket": errno.notSocket,
  "invalid-state": errno.invalid,
  "connection-refused": errno.connectionRefused,
  "connection-aborted": errno.connectionAborted,
  "timed-out": errno.timedOut,
  unreachable: errno.hostUnreachable,
  "address-in-use": errno.addressInUse,
  "address-not-bindable": errno.addressNotAvailable,
  "destination-prohibited": errno.access,
  "name-unresolvable": errno.io,
  "temporary-resolver-failure": errno.again,
  "permanent-resolver-failure": errno.io,
};

/** A call's failure that has no name in the host's layer: bad pointers, missing rights. */
export class P1Error extends Error {
  readonly errno: Errno;

  constructor(code: Errno, message: string) {
    super(message);
    this.name = "P1Error";
    this.errno = code;
  }
}

/** What the guest is told of `thrown`; `undefined` for an error that is none of its business, such as the end of it. */
export function errnoOf(thrown: unknown): Errno | undefined {
  if (thrown instanceof P1Error) return thrown.errno;
  return thrown instanceof HostError ? errnoOfHostErrors[thrown.code] : undefined;
}
