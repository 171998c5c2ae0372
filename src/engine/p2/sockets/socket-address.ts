import { type Endpoint, HostError, type IpAddress, ipAddressFromParts, partsOfIpAddress } from "../../host/index.ts";

/** `wasi:sockets/network#ip-address`: bytes of IPv4, words of IPv6. */
export interface IpAddressValue {
  readonly tag: "ipv4" | "ipv6";
  readonly value: readonly number[];
}

/** `wasi:sockets/network#ip-socket-address`. */
export type SocketAddressValue =
  | { readonly tag: "ipv4"; readonly value: { readonly port: number; readonly address: readonly number[] } }
  | {
      readonly tag: "ipv6";
      readonly value: {
        readonly port: number;
        readonly "flow-info": number;
        readonly address: readonly number[];
        readonly "scope-id": number;
      };
    };

export function ipAddressValueOf(address: IpAddress): IpAddressValue {
  return { tag: address.family, value: partsOfIpAddress(address) };
}

export function socketAddressValueOf({ address, port }: Endpoint): SocketAddressValue {
  const parts = partsOfIpAddress(address);
  if (address.family === "ipv4") return { tag: "ipv4", value: { port, address: parts } };
  return { tag: "ipv6", value: { port, "flow-info": 0, address: parts, "scope-id": 0 } };
}

/** A zone of IPv6 belongs to a machine's interfaces, which guests do not see. */
export function endpointOfValue({ tag, value }: SocketAddressValue): Endpoint {
  if (tag === "ipv6" && value["scope-id"] !== 0) {
    throw new HostError("unsupported", `use the zone "${value["scope-id"]}" of an address: guests have none`);
  }
  return { address: ipAddressFromParts(tag, value.address), port: value.port };
}
