import { embeddedIpv4, isInBlock, type IpAddress, parseIpBlock } from "./ip-address.ts";
import { HostError } from "../host-error.ts";
import type { Endpoint } from "./endpoint.ts";

export type SocketFamily = "ipv4" | "ipv6";

export interface SocketOrder {
  readonly family: SocketFamily;
  readonly protocol: "tcp" | "udp";
  /** Where it is to be bound; left out, the system decides when it is used. */
  readonly bind?: Endpoint;
}

/** A socket of the guest's network that nobody uses yet. Its descriptor is closed by whoever uses it. */
export interface OpenedSocket {
  readonly family: SocketFamily;
  readonly fd: number;
  localEndpoint(): Endpoint;
  option(name: SocketOption): number;
  setOption(name: SocketOption, value: number): void;
}

/** What can be read and set of a socket; times in seconds, buffers as the kernel counts them. */
export type SocketOption =
  | "keep-alive"
  | "keep-alive-idle"
  | "keep-alive-interval"
  | "keep-alive-count"
  | "hop-limit"
  | "send-buffer"
  | "receive-buffer";

/**
 * Whether one machine can be meant by it: no address of many, and of IPv4 only as itself, since WASI's sockets for IPv6
 * are for nothing else.
 */
export function checkUnicast({ address }: Endpoint, family: SocketFamily): void {
  const isWrong = address.family !== family || groupBlocks.some((block) => isInBlock(address, block));
  if (isWrong) throw new HostError("invalid", `use an address of "${address.family}" for a socket of "${family}"`);
}

/** The same for an address to send to, which has to be a whole one. */
export function checkRemote(endpoint: Endpoint, family: SocketFamily): void {
  checkUnicast(endpoint, family);
  if (endpoint.port !== 0 && !isUnspecified(endpoint.address)) return;
  throw new HostError("invalid", "send to no address in particular: name an address and a port");
}

/**
 * An endpoint as a socket of the family sees it. A socket that was handed in may be for IPv6 and IPv4 alike, which no
 * socket of WASI's is, and has its peers of IPv4 as mapped addresses.
 */
export function inFamily({ address, port }: Endpoint, family: SocketFamily): Endpoint {
  if (address.family === family) return { address, port };
  if (family === "ipv6") return { address: { family, bits: mappedBits | address.bits }, port };
  return { address: embeddedIpv4(address) ?? { family, bits: 0n }, port };
}

const mappedBits = 0xffffn << 32n;

/** `0.0.0.0` and `::`. */
export function isUnspecified({ bits }: IpAddress): boolean {
  return bits === 0n;
}

/** Every address of the machine, and a port of the system's choice. */
export function unspecifiedEndpoint(family: SocketFamily): Endpoint {
  return { address: { family, bits: 0n }, port: 0 };
}

export function isSameEndpoint(one: Endpoint, other: Endpoint): boolean {
  return (
    one.port === other.port && one.address.family === other.address.family && one.address.bits === other.address.bits
  );
}

const groupBlocks = ["224.0.0.0/4", "255.255.255.255", "ff00::/8", "::ffff:0:0/96"].flatMap(
  (text) => parseIpBlock(text) ?? [],
);
