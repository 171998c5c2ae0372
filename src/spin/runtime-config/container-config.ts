import { lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseRuntimeConfig, readConfigText } from "./read-runtime-config.ts";
import type { RuntimeConfig } from "./runtime-config.ts";

/** Where a container has its runtime configuration: what Spin's shim for containerd reads, and spin-operator mounts. */
const fileName = "runtime-config.toml";

/** What is seen of this machine at a path of the container. */
interface Mounted {
  readonly hostPath: string;
  readonly guestPath: string;
}

/**
 * Reads `/runtime-config.toml` of a container, where it has one: a file that is mounted there, or one of its image. A link in the
 * image is none, since it could lead anywhere. Throws as `readRuntimeConfig`; there are no paths in it.
 */
export async function readContainerConfig(mounts: readonly Mounted[]): Promise<RuntimeConfig | undefined> {
  const path = findFile(mounts);
  return path === undefined ? undefined : parseRuntimeConfig(await readConfigText(path), fileName, undefined);
}

function findFile(mounts: readonly Mounted[]): string | undefined {
  const mounted = mounts.findLast(({ guestPath }) => guestPath === `/${fileName}`);
  if (mounted !== undefined) return fileAt(mounted.hostPath, statSync);
  const root = mounts.find(({ guestPath }) => guestPath === "/");
  return root === undefined ? undefined : fileAt(join(root.hostPath, fileName), lstatSync);
}

function fileAt(path: string, look: typeof statSync): string | undefined {
  return look(path, { throwIfNoEntry: false })?.isFile() === true ? path : undefined;
}
