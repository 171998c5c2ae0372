import { closeSync } from "node:fs";

import type { SocketOrder } from "../channel/index.ts";
import { checked, libc } from "./libc.ts";
import { ADDRESS_BYTES_MAX, AF_INET, AF_INET6, decodeAddress, encodeAddress } from "./socket-address.ts";

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IP = 0;
const IPPROTO_TCP = 6;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** What a guest may read and set of its sockets (socket(7), tcp(7), ip(7), ipv6(7)). Times are in seconds. */
const options = {
  "keep-alive": { level: SOL_SOCKET, option: 9 },
  "keep-alive-idle": { level: IPPROTO_TCP, option: 4 },
  "keep-alive-interval": { level: IPPROTO_TCP, option: 5 },
  "keep-alive-count": { level: IPPROTO_TCP, option: 6 },
  "hop-limit-ipv4": { level: IPPROTO_IP, option: 2 },
  "hop-limit-ipv6": { level: IPPROTO_IPV6, option: 16 },
  "send-buffer": { level: SOL_SOCKET, option: 7 },
  "receive-buffer": { level: SOL_SOCKET, option: 8 },
} as const;

export type SocketOptionName = keyof typeof options;

/**
 * A socket that does not block, in the network that the thread is in. One for IPv6 is for nothing else, as WASI has it.
 * Throws SystemCallError; nothing stays open then.
 */
export function openSocket({ family, protocol, bind }: SocketOrder): number {
  const type = protocol === "udp" ? SOCK_DGRAM : SOCK_STREAM;
  const domain = family === "ipv6" ? AF_INET6 : AF_INET;
  const fd = checked("socket", libc.socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  try {
    if (family === "ipv6") setNumber(fd, { level: IPPROTO_IPV6, option: IPV6_V6ONLY }, 1);
    if (bind !== undefined) {
      // For UDP this would let two sockets have one port.
      if (protocol === "tcp") setNumber(fd, { level: SOL_SOCKET, option: SO_REUSEADDR }, 1);
      const name = encodeAddress(bind.address, bind.port);
      checked("bind", libc.bind(fd, name, name.byteLength));
    }
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

export function localAddressOf(fd: number): { readonly address: string; readonly port: number } {
  const bound = new Uint8Array(ADDRESS_BYTES_MAX);
  checked("getsockname", libc.getsockname(fd, bound, Int32Array.of(ADDRESS_BYTES_MAX)));
  return decodeAddress(bound);
}

export function socketOption(fd: number, name: SocketOptionName): number {
  const value = new Int32Array(1);
  const { level, option } = options[name];
  checked("getsockopt", libc.getsockopt(fd, level, option, value, Int32Array.of(value.byteLength)));
  return value[0] ?? 0;
}

export function setSocketOption(fd: number, name: SocketOptionName, value: number): void {
  setNumber(fd, options[name], value);
}

function setNumber(fd: number, { level, option }: { level: number; option: number }, value: number): void {
  const bytes = Int32Array.of(value);
  checked("setsockopt", libc.setsockopt(fd, level, option, bytes, bytes.byteLength));
}
