import { posix } from "node:path";

/** What Linux takes for a path: limits.h. */
export const CGROUP_PATH_BYTES_MAX = 4_096;

/**
 * The cgroup of a container's pod, as a path from the top, or undefined where the container is in none. `cgroupsPath` is
 * the container's own in its `config.json`: a path below the pod's, or `SLICE:PREFIX:NAME` with systemd's name of the
 * pod's slice, as runc reads it (docs/systemd.md).
 */
export function podCgroupOf(cgroupsPath: string | undefined): string | undefined {
  if (cgroupsPath === undefined || Buffer.byteLength(cgroupsPath) > CGROUP_PATH_BYTES_MAX) return undefined;
  const [slice = "", ...rest] = cgroupsPath.split(":");
  const path = rest.length === 2 ? expandSlice(slice) : posix.dirname(cgroupsPath);
  // Nothing but a place below the top: a pod is in one, and a path that climbs leads out of it.
  if (path === undefined || !path.startsWith("/") || path === "/" || path.split("/").includes("..")) return undefined;
  return path;
}

/** `a-b.slice` is in `a.slice`, and so on: systemd.slice(5). */
function expandSlice(slice: string): string | undefined {
  if (!slice.endsWith(".slice") || slice.includes("/")) return undefined;
  const words = slice.slice(0, -".slice".length).split("-");
  if (words.includes("")) return undefined;
  return words.map((_, index) => `/${words.slice(0, index + 1).join("-")}.slice`).join("");
}
