import { isIPv4, isIPv6, SocketAddress } from "node:net";

import { KwasmError } from "#base";

export const AF_INET = 2;
export const AF_INET6 = 10;
/** sizeof(struct sockaddr_in6); IPv4 needs 16 of them. */
export const ADDRESS_BYTES_MAX = 28;

export function familyOf(address: string): number {
  if (isIPv4(address)) return AF_INET;
  if (isIPv6(address)) return AF_INET6;
  throw new KwasmError("invalid-argument", `"${address}" is not an IP address; give one such as 127.0.0.1`);
}

/** struct sockaddr_in or sockaddr_in6: family in host order, port and address in network order (ip(7), ipv6(7)). */
export function encodeAddress(address: string, port: number): Uint8Array {
  const isFour = isIPv4(address);
  const bytes = new Uint8Array(isFour ? 16 : ADDRESS_BYTES_MAX);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isFour ? AF_INET : AF_INET6, true);
  view.setUint16(2, port, false);
  if (isFour) bytes.set(address.split(".").map(Number), 4);
  else bytes.set(bytesOfIpv6(address), 8);
  return bytes;
}

/** Reads what the kernel wrote into ADDRESS_BYTES_MAX bytes; IPv6 in full words. */
export function decodeAddress(bytes: Uint8Array): { readonly address: string; readonly port: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const port = view.getUint16(2, false);
  if (view.getUint16(0, true) === AF_INET) return { address: [...bytes.subarray(4, 8)].join("."), port };
  const words = Array.from({ length: 8 }, (_, index) => view.getUint16(8 + index * 2, false));
  return { address: words.map((word) => word.toString(16)).join(":"), port };
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
