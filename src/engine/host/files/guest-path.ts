import { HostError } from "../host-error.ts";

/** Bytes of one path. Linux's PATH_MAX, so no program that runs elsewhere needs more. */
export const PATH_BYTES_MAX = 4096;

/** Bytes of one name. Linux's NAME_MAX; also holds where no file system is asked (virtual directories). */
export const NAME_BYTES_MAX = 255;

/** A path cut at its slashes. */
export interface GuestPath {
  /** Without empty segments; `.` and `..` are kept. */
  readonly segments: readonly string[];
  /** True when the path says that it names a directory by ending in a slash. */
  readonly trailingSlash: boolean;
  readonly absolute: boolean;
}

/** Cuts a path, refusing what no kernel would take: nothing, NUL, lone surrogates, and what passes the limits. */
export function parseGuestPath(path: string): GuestPath {
  checkText(path);
  if (path === "") throw new HostError("no-entry", "resolve '': the path is empty");
  const segments = path.split("/").filter((segment) => segment !== "");
  for (const segment of segments) checkName(segment);
  return { segments, trailingSlash: path.endsWith("/"), absolute: path.startsWith("/") };
}

/** The checks that hold for any text handed to the kernel as a path or a symlink's target. */
export function checkText(path: string): void {
  // A JavaScript string has at most three bytes of UTF-8 for each of its units, so short ones need no count.
  if (path.length * 3 > PATH_BYTES_MAX && Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new HostError(
      "name-too-long",
      `resolve a path of ${path.length} characters: more than ${PATH_BYTES_MAX} bytes`,
    );
  }
  if (path.includes("\0")) throw new HostError("invalid", `resolve ${JSON.stringify(path)}: it has a NUL character`);
  if (!path.isWellFormed()) {
    throw new HostError("illegal-byte-sequence", `resolve ${JSON.stringify(path)}: it has half a surrogate pair`);
  }
}

function checkName(name: string): void {
  if (name.length * 3 > NAME_BYTES_MAX && Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw new HostError("name-too-long", `resolve '${name}': a name has at most ${NAME_BYTES_MAX} bytes`);
  }
}
