import { type Any, packAny, RuncOptions } from "#proto";

/**
 * What runc's shim is told beside the container's specification, whose `cgroup` says enough: systemd's have the form
 * `slice:prefix:name` (docs/systemd.md of runc). The options that containerd was configured with are for our runtime.
 */
export function runcOptionsOf(cgroup: string): Any | undefined {
  const [slice = "", ...rest] = cgroup.split(":");
  const isSystemd = slice.endsWith(".slice") && rest.length === 2;
  return isSystemd ? packAny(RuncOptions, { systemdCgroup: true }) : undefined;
}
