import { closeSync, openSync, readSync } from "node:fs";

import { KwasmError, systemErrorCode } from "#base";

import type { NetworkOrder } from "../channel/index.ts";
import type { NetworkGrant } from "../workload.ts";

/** Bytes of each file that count: Kubernetes' own have under 3 kB, and long lists that block advertisements are not for guests. */
const FILE_BYTES_MAX = 131_072;

/**
 * What a guest is told of its network. The files by which names are found are read here, before it runs: whoever could
 * change them meanwhile could send a name that it may use to any address. One that is missing says nothing.
 */
export function readNetwork({ outbound, binds, ...files }: NetworkGrant): NetworkOrder {
  const { resolvConfPath = "/etc/resolv.conf", hostsPath = "/etc/hosts" } = files;
  return { outbound, binds, resolvConf: readText(resolvConfPath), hosts: readText(hostsPath) };
}

function readText(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "";
    throw KwasmError.from(error, `read "${path}"`);
  }
  try {
    const bytes = new Uint8Array(FILE_BYTES_MAX);
    return Buffer.from(bytes.subarray(0, readSync(fd, bytes))).toString();
  } finally {
    closeSync(fd);
  }
}
