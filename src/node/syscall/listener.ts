import { closeSync } from "node:fs";

import { KwasmError, systemErrorCode } from "#base";

import type { ListenerSpec } from "../workload.ts";
import { attempt, checked, libc } from "./libc.ts";
import { ADDRESS_BYTES_MAX, AF_INET6, encodeAddress, familyOf } from "./socket-address.ts";

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
/** Connections that wait in the kernel while no guest accepts, as many as Linux allows by default (net.core.somaxconn). */
const LISTEN_BACKLOG = 4096;
const EVERY_ADDRESS = "*";
/** What the kernel answers where it was started without IPv6, or has none in this network namespace. */
const lacksIpv6: ReadonlySet<string> = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL"]);

export interface BoundListener extends ListenerSpec {
  readonly fd: number;
}

/**
 * Opens a socket for what comes in without accepting or receiving on it, which Node's own cannot: control holds the socket
 * and only cells use it. Throws `failed-precondition` for an address in use, `permission-denied` for a port below 1024
 * without the right to it.
 */
export function openListener({ protocol = "tcp", ...spec }: ListenerSpec): BoundListener {
  const { address, port } = spec;
  const own = { ...spec, ...(protocol === "tcp" ? {} : { protocol }) };
  if (address !== EVERY_ADDRESS) return { ...own, ...openAt(address, port, { protocol, isDual: false }) };
  try {
    return { ...own, ...openAt("::", port, { protocol, isDual: true }) };
  } catch (error) {
    if (!(error instanceof KwasmError) || !lacksIpv6.has(systemErrorCode(error.cause) ?? "")) throw error;
    return { ...own, ...openAt("0.0.0.0", port, { protocol, isDual: false }) };
  }
}

interface Kind {
  readonly protocol: "tcp" | "udp";
  /** Takes IPv4 as well on an IPv6 socket (ipv6(7)). */
  readonly isDual: boolean;
}

function openAt(address: string, port: number, kind: Kind): { fd: number; port: number } {
  const host = address.includes(":") ? `[${address}]` : address;
  const endpoint = `${host}:${String(port)}${kind.protocol === "udp" ? " (UDP)" : ""}`;
  return attempt(`listen on ${endpoint}`, () => {
    const family = familyOf(address);
    const type = kind.protocol === "udp" ? SOCK_DGRAM : SOCK_STREAM;
    const fd = checked("socket", libc.socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    try {
      if (family === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, kind.isDual ? 0 : 1);
      // For UDP this would let two sockets have one port.
      if (kind.protocol === "tcp") setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      const name = encodeAddress(address, port);
      checked("bind", libc.bind(fd, name, name.byteLength));
      if (kind.protocol === "tcp") checked("listen", libc.listen(fd, LISTEN_BACKLOG));
      return { fd, port: portOf(fd) };
    } catch (error) {
      closeSync(fd);
      throw systemErrorCode(error) === "EADDRINUSE" ? inUse(endpoint, error) : error;
    }
  });
}

function inUse(endpoint: string, cause: unknown): KwasmError {
  return new KwasmError(
    "failed-precondition",
    `listen on ${endpoint}: another socket has this address; end its program or choose another port`,
    { cause },
  );
}

function setOption(fd: number, level: number, option: number, value: number): void {
  const bytes = Int32Array.of(value);
  checked("setsockopt", libc.setsockopt(fd, level, option, bytes, bytes.byteLength));
}

function portOf(fd: number): number {
  const bound = new Uint8Array(ADDRESS_BYTES_MAX);
  checked("getsockname", libc.getsockname(fd, bound, Int32Array.of(ADDRESS_BYTES_MAX)));
  return new DataView(bound.buffer).getUint16(2, false);
}
