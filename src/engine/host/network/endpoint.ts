import { type IpAddress, parseIpAddress } from "./ip-address.ts";

export interface Endpoint {
  readonly address: IpAddress;
  readonly port: number;
}

/** An endpoint as Node tells it; undefined where there is none. A link-local address loses its zone. */
export function endpointOf(address: string | undefined, port: number | undefined): Endpoint | undefined {
  const parsed = parseIpAddress(address?.replace(/%.*$/u, "") ?? "");
  return parsed === undefined || port === undefined ? undefined : { address: parsed, port };
}
