import { embeddedIpv4, type IpAddress, type IpBlock, isBlockWithin, isInBlock, parseIpBlock } from "./ip-address.ts";

/**
 * Where machines of clouds ask who they are and for keys to what they may use. All link-local addresses are among
 * them; the others are those that the providers document.
 */
const metadataBlocks: readonly IpBlock[] = [
  // AWS, Google, Azure, Oracle, DigitalOcean, OpenStack and most others.
  "169.254.0.0/16",
  "fe80::/10",
  // AWS: instance metadata and pod identity.
  "fd00:ec2::/32",
  // Google.
  "fd20:ce::254",
  // Oracle.
  "fd00:c1::a9fe:a9fe",
  // Scaleway.
  "fd00:42::42",
  // Alibaba.
  "100.100.100.200",
  // Azure's platform address.
  "168.63.129.16",
].map(blockOf);

const loopbackBlocks = ["127.0.0.0/8", "::1"].map(blockOf);

/** What stands for the own machine or for many: no name of the network has it. */
const unnameableBlocks = ["0.0.0.0/8", "::", "224.0.0.0/4", "255.255.255.255", "ff00::/8"].map(blockOf);

/** Whether an address is denied unless a rule names it, or a part of its block, as an address. */
export function isMetadataAddress(address: IpAddress): boolean {
  return isInAny(address, metadataBlocks);
}

/**
 * Whether no answer of DNS may lead there. Whoever owns a name that a guest may use could point it to what listens on
 * the machine itself.
 */
export function isUnnameableAddress(address: IpAddress): boolean {
  return isInAny(address, loopbackBlocks) || isInAny(address, unnameableBlocks);
}

/** Whether a rule's block lies within those addresses: what is wider, such as `0.0.0.0/0`, does not name them. */
export function isMetadataBlock(block: IpBlock): boolean {
  return metadataBlocks.some((metadata) => isBlockWithin(block, metadata));
}

function isInAny(address: IpAddress, blocks: readonly IpBlock[]): boolean {
  const embedded = embeddedIpv4(address);
  return blocks.some((block) => isInBlock(address, block) || (embedded !== undefined && isInBlock(embedded, block)));
}

function blockOf(text: string): IpBlock {
  const block = parseIpBlock(text);
  if (block === undefined) throw new TypeError(`"${text}" is no block of addresses`);
  return block;
}
