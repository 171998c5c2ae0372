import { allowsBind, type BindRule, parseBindRules } from "./bind-rule.ts";
import { isLocalhostName, normalHostName } from "./host-name.ts";
import { type IpAddress, isInBlock, parseIpAddress } from "./ip-address.ts";
import { type HostPattern, type OutboundRule, parseOutboundRules, type PortRange } from "./outbound-rule.ts";
import { isMetadataAddress, isMetadataBlock, isUnnameableAddress } from "./special-addresses.ts";

/** What a guest may do with the network: nothing that no rule allows. */
export interface NetworkPolicy {
  readonly outbound: readonly OutboundRule[];
  readonly binds: readonly BindRule[];
}

/** The rules as they are written: see parseOutboundRule and parseBindRule. */
export interface NetworkRules {
  readonly outbound: readonly string[];
  readonly binds: readonly string[];
}

/** A name that an address was found by. One of the hosts file was given by whoever runs the machine, not by DNS. */
export interface FoundName {
  readonly name: string;
  readonly isFromHostsFile: boolean;
}

/** A connection that is to be made, or a datagram to be sent. The scheme of plain sockets is `tcp` or `udp`. */
export interface OutboundTarget {
  readonly scheme: string;
  readonly port: number;
}

/** Throws `invalid-argument` for a rule that cannot be read, `limit-exceeded` for too many of them. */
export function parseNetworkRules({ outbound, binds }: NetworkRules): NetworkPolicy {
  return { outbound: parseOutboundRules(outbound), binds: parseBindRules(binds) };
}

/** Whether a guest may ask what addresses a name has; whoever may ask anything can tell the world anything by it. */
export function mayLookUp({ outbound }: NetworkPolicy, name: string): boolean {
  const asked = normalHostName(name);
  return asked !== undefined && outbound.some(({ host }) => matchesName(host, asked));
}

/** Whether a host may be asked for by this name or address; its addresses are judged when they are known. */
export function mayAskFor(policy: NetworkPolicy, host: string, target: OutboundTarget): boolean {
  const address = parseIpAddress(host);
  if (address !== undefined) return mayConnect(policy, address, { ...target, names: [] });
  const name = normalHostName(host);
  return name !== undefined && rulesFor(policy, target).some((rule) => matchesName(rule.host, name));
}

/**
 * Whether a guest may connect to an address, judged at the moment of it. A rule allows it as an address, or because it
 * is what one of the rule's names was found to be. Neither `*` nor a name leads to addresses of metadata, and a name
 * of DNS leads to none of the machine itself: see special-addresses.ts.
 */
export function mayConnect(
  policy: NetworkPolicy,
  address: IpAddress,
  { names, ...target }: OutboundTarget & { readonly names: readonly FoundName[] },
): boolean {
  const isMetadata = isMetadataAddress(address);
  return rulesFor(policy, target).some(({ host }) => {
    if (host.kind === "block") return isInBlock(address, host.block) && (!isMetadata || isMetadataBlock(host.block));
    if (isMetadata) return false;
    if (host.kind === "any") return true;
    return names.some((found) => matchesName(host, found.name) && mayLeadTo(found, address));
  });
}

/** Whether a guest may listen on an address, or send and receive datagrams there. */
export function mayBind({ binds }: NetworkPolicy, address: IpAddress, port: number): boolean {
  return binds.some((rule) => allowsBind(rule, address, port));
}

function rulesFor({ outbound }: NetworkPolicy, { scheme, port }: OutboundTarget): readonly OutboundRule[] {
  return outbound.filter((rule) => (rule.scheme ?? scheme) === scheme && isPortIn(port, rule.ports));
}

function isPortIn(port: number, { first, last }: PortRange): boolean {
  return port >= first && port <= last;
}

function matchesName(host: HostPattern, name: string): boolean {
  switch (host.kind) {
    case "any":
      return true;
    case "name":
      return host.name === name;
    case "below":
      return name.endsWith(host.suffix);
    case "block":
      return false;
  }
}

function mayLeadTo({ name, isFromHostsFile }: FoundName, address: IpAddress): boolean {
  return isFromHostsFile || isLocalhostName(name) || !isUnnameableAddress(address);
}
