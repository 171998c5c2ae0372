import { closeSync, openSync } from "node:fs";
import { basename, dirname } from "node:path";

/** Bytes of a Unix socket's path that the kernel takes (sun_path), its final zero left out. */
const SOCKET_PATH_BYTES_MAX = 107;

/**
 * A path that names the socket and is short enough for the kernel, however deep the state folder is: a long one goes
 * through a descriptor of its folder. Valid until disposed of.
 */
export function socketAddress(path: string): Disposable & { readonly path: string } {
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return { path, [Symbol.dispose]: () => undefined };
  const folder = openSync(dirname(path), "r");
  return { path: `/proc/self/fd/${folder}/${basename(path)}`, [Symbol.dispose]: () => closeSync(folder) };
}
