import { normalHostName } from "../host-name.ts";
import { type IpAddress, parseIpAddress } from "../ip-address.ts";

/** Addresses of one name, of a file or of an answer: more are not tried by anybody. */
export const addressesMax = 64;

/** What hosts(5) says of a name. */
export function findInHosts(text: string, name: string): readonly IpAddress[] {
  const found: IpAddress[] = [];
  for (const line of text.split("\n")) {
    const [addressText = "", ...names] = line.replace(/#.*$/u, "").trim().split(/\s+/u);
    if (!names.some((other) => normalHostName(other) === name)) continue;
    const address = parseIpAddress(addressText);
    if (address !== undefined && found.length < addressesMax) found.push(address);
  }
  return found;
}
