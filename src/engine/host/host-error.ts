import { systemErrorCode } from "#base";

/**
 * The closed set of ways in which a call of a guest fails, named as `error-code` of wasi:filesystem/types 0.2 names
 * them. Each front end maps these codes in one table of its own. Four are ours: `too-many-open-files` has no name in
 * WASI 0.2 (0.1 calls it `mfile`) and is what a guest gets at its `filesOpenMax`; the last three are for sockets, which
 * WASI 0.1 reads and writes by the same calls as files.
 */
export const hostErrorCodes = [
  "access",
  "would-block",
  "already",
  "bad-descriptor",
  "busy",
  "deadlock",
  "quota",
  "exist",
  "file-too-large",
  "illegal-byte-sequence",
  "in-progress",
  "interrupted",
  "invalid",
  "io",
  "is-directory",
  "loop",
  "too-many-links",
  "message-size",
  "name-too-long",
  "no-device",
  "no-entry",
  "no-lock",
  "insufficient-memory",
  "insufficient-space",
  "not-directory",
  "not-empty",
  "not-recoverable",
  "unsupported",
  "no-tty",
  "no-such-device",
  "overflow",
  "not-permitted",
  "pipe",
  "read-only",
  "invalid-seek",
  "text-file-busy",
  "cross-device",
  "too-many-open-files",
  "connection-reset",
  "not-connected",
  "not-socket",
  /** Something else has to be done with a socket first, or cannot be any more. */
  "invalid-state",
  "connection-refused",
  "connection-aborted",
  "timed-out",
  "unreachable",
  "address-in-use",
  "address-not-bindable",
  /** What a name was found to be is no address that the guest may connect to. */
  "destination-prohibited",
  "name-unresolvable",
  "temporary-resolver-failure",
  "permanent-resolver-failure",
] as const;

export type HostErrorCode = (typeof hostErrorCodes)[number];

/** What a guest's call failed with. The message is for the host's log: a guest only ever sees the code. */
export class HostError extends Error {
  readonly code: HostErrorCode;

  constructor(code: HostErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HostError";
    this.code = code;
  }

  /** Turns whatever a system call threw into a HostError; errors that Node has no system code for become `io`. */
  static from(thrown: unknown, action: string): HostError {
    if (thrown instanceof HostError) return thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return new HostError(hostErrorCode(thrown), `${action}: ${reason}`, { cause: thrown });
  }
}

const codesOfSystemErrors: Readonly<Record<string, HostErrorCode>> = {
  EACCES: "access",
  EADDRINUSE: "address-in-use",
  EADDRNOTAVAIL: "address-not-bindable",
  EAGAIN: "would-block",
  EALREADY: "already",
  EBADF: "bad-descriptor",
  EBUSY: "busy",
  ECONNABORTED: "connection-aborted",
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-reset",
  EDEADLK: "deadlock",
  EDQUOT: "quota",
  EEXIST: "exist",
  EFBIG: "file-too-large",
  EHOSTDOWN: "unreachable",
  EHOSTUNREACH: "unreachable",
  EILSEQ: "illegal-byte-sequence",
  EINPROGRESS: "in-progress",
  EINTR: "interrupted",
  EINVAL: "invalid",
  EIO: "io",
  EISDIR: "is-directory",
  ELOOP: "loop",
  EMFILE: "too-many-open-files",
  EMLINK: "too-many-links",
  EMSGSIZE: "message-size",
  ENAMETOOLONG: "name-too-long",
  ENETDOWN: "unreachable",
  ENETUNREACH: "unreachable",
  ENFILE: "too-many-open-files",
  ENODEV: "no-device",
  ENOENT: "no-entry",
  ENOLCK: "no-lock",
  ENOMEM: "insufficient-memory",
  ENOSPC: "insufficient-space",
  ENOTDIR: "not-directory",
  ENOTCONN: "not-connected",
  ENOTEMPTY: "not-empty",
  ENOTRECOVERABLE: "not-recoverable",
  ENOTSOCK: "not-socket",
  ENOTSUP: "unsupported",
  ENOSYS: "unsupported",
  EOPNOTSUPP: "unsupported",
  ENOTTY: "no-tty",
  ENXIO: "no-such-device",
  EOVERFLOW: "overflow",
  EPERM: "not-permitted",
  EPIPE: "pipe",
  EROFS: "read-only",
  ESPIPE: "invalid-seek",
  ETIMEDOUT: "timed-out",
  ETXTBSY: "text-file-busy",
  EXDEV: "cross-device",
};

/** The code for anything thrown by a system call of Node, by Node's own `code` and never by message. */
export function hostErrorCode(thrown: unknown): HostErrorCode {
  if (thrown instanceof HostError) return thrown.code;
  return codesOfSystemErrors[systemErrorCode(thrown) ?? ""] ?? "io";
}
