import { closeSync } from "node:fs";
import { isIPv4, isIPv6, SocketAddress } from "node:net";

import { KwasmError } from "#base";

import { attempt, checked, libc } from "./libc.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
/** Connections that wait in the kernel while no guest accepts, as many as Linux allows by default (net.core.somaxconn). */
const LISTEN_BACKLOG = 4096;
/** sizeof(struct sockaddr_in6); IPv4 needs 16 of them. */
const ADDRESS_BYTES_MAX = 28;

export interface BoundListener {
  readonly fd: number;
  readonly address: string;
  readonly port: number;
}

/**
 * Opens a listening TCP socket without accepting from it, which net.Server cannot: control holds the socket and only
 * cells accept. Throws `failed-precondition` for an address in use, `permission-denied` for a port below 1024
 * without the right to it.
 */
export function openListener(address: string, port: number): BoundListener {
  const endpoint = address.includes(":") ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
  return attempt(`listen on ${endpoint}`, () => {
    const family = familyOf(address);
    const fd = checked("socket", libc.socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    try {
      return { fd, address, port: bindAndListen(fd, family, encodeAddress(address, port)) };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  });
}

function bindAndListen(fd: number, family: number, name: Uint8Array): number {
  const on = Int32Array.of(1);
  checked("setsockopt", libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, on.byteLength));
  if (family === AF_INET6) checked("setsockopt", libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, on, on.byteLength));
  checked("bind", libc.bind(fd, name, name.byteLength));
  checked("listen", libc.listen(fd, LISTEN_BACKLOG));
  const bound = new Uint8Array(ADDRESS_BYTES_MAX);
  checked("getsockname", libc.getsockname(fd, bound, Int32Array.of(ADDRESS_BYTES_MAX)));
  return new DataView(bound.buffer).getUint16(2, false);
}

function familyOf(address: string): number {
  if (isIPv4(address)) return AF_INET;
  if (isIPv6(address)) return AF_INET6;
  throw new KwasmError("invalid-argument", `"${address}" is not an IP address; give one such as 127.0.0.1`);
}

/** struct sockaddr_in or sockaddr_in6: family in host order, port and address in network order (ip(7), ipv6(7)). */
function encodeAddress(address: string, port: number): Uint8Array {
  const isFour = isIPv4(address);
  const bytes = new Uint8Array(isFour ? 16 : ADDRESS_BYTES_MAX);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isFour ? AF_INET : AF_INET6, true);
  view.setUint16(2, port, false);
  if (isFour) bytes.set(address.split(".").map(Number), 4);
  else bytes.set(bytesOfIpv6(address), 8);
  return bytes;
}

function bytesOfIpv6(address: string): number[] {
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  const [head = "", tail] = canonical.split("::");
  const left = wordsOf(head);
  const right = tail === undefined ? [] : wordsOf(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right].flatMap((word) => [word >> 8, word & 0xff]);
}

/** Groups of an IPv6 text as 16-bit words; a trailing dotted quad (`::ffff:1.2.3.4`) is two of them. */
function wordsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
