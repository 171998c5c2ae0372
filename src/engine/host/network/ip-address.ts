import { isIPv4, isIPv6 } from "node:net";

/** An IP address as a number, so that blocks of addresses are compared by shifting. */
export interface IpAddress {
  readonly family: "ipv4" | "ipv6";
  readonly bits: bigint;
}

/** All addresses whose first bits are the same. */
export interface IpBlock {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

const widths = { ipv4: 32, ipv6: 128 } as const;

/** Reads an address without brackets and zone, or answers undefined for any other text. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: "ipv4", bits: bitsOfIpv4(text) };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  return { family: "ipv6", bits: bitsOfWords(ipv6Words(text), 16n) };
}

/** `10.0.0.0/8`, or an address alone, which is a block of one. */
export function parseIpBlock(text: string): IpBlock | undefined {
  const [addressText = "", prefixText, ...more] = text.split("/");
  const address = parseIpAddress(addressText);
  if (address === undefined || more.length > 0) return undefined;
  const prefixLength = prefixText === undefined ? widths[address.family] : parsePrefix(prefixText);
  return prefixLength > widths[address.family] ? undefined : { address, prefixLength };
}

/** Words of 16 bits as an address of IPv6, the first one first. */
function ipv6FromWords(words: readonly number[]): IpAddress {
  return { family: "ipv6", bits: bitsOfWords(words, 16n) };
}

function ipv4Bytes({ bits }: IpAddress): number[] {
  return wordsOf(bits, { count: 4, width: 8n });
}

function ipv6WordsOf({ bits }: IpAddress): number[] {
  return wordsOf(bits, { count: 8, width: 16n });
}

/** Bytes of IPv4 or words of IPv6. */
export function partsOfIpAddress(address: IpAddress): number[] {
  return address.family === "ipv4" ? ipv4Bytes(address) : ipv6WordsOf(address);
}

export function ipAddressFromParts(family: IpAddress["family"], parts: readonly number[]): IpAddress {
  return { family, bits: bitsOfWords(parts, family === "ipv4" ? 8n : 16n) };
}

/** As Node and the system take it; IPv6 in full words, without `::`. */
export function formatIpAddress(address: IpAddress): string {
  if (address.family === "ipv4") return ipv4Bytes(address).join(".");
  return ipv6WordsOf(address)
    .map((word) => word.toString(16))
    .join(":");
}

export function isInBlock(address: IpAddress, { address: base, prefixLength }: IpBlock): boolean {
  if (address.family !== base.family) return false;
  const shift = BigInt(widths[address.family] - prefixLength);
  return address.bits >> shift === base.bits >> shift;
}

/** Whether every address of `inner` is one of `outer`. */
export function isBlockWithin(inner: IpBlock, outer: IpBlock): boolean {
  return inner.prefixLength >= outer.prefixLength && isInBlock(inner.address, outer);
}

/**
 * The address of IPv4 that one of IPv6 stands for: mapped (RFC 4291), compatible (the same, deprecated), translated
 * (RFC 6052), 6to4 (RFC 3056). Whoever denies an address denies it in each of these dresses.
 */
export function embeddedIpv4(address: IpAddress): IpAddress | undefined {
  if (address.family === "ipv4") return undefined;
  const found = embeddings.find(({ block }) => isInBlock(address, block));
  if (found === undefined || address.bits <= 1n) return undefined;
  return { family: "ipv4", bits: (address.bits >> found.shift) & 0xffff_ffffn };
}

const embeddings = [
  { block: { address: ipv6FromWords([0, 0, 0, 0, 0, 0xffff, 0, 0]), prefixLength: 96 }, shift: 0n },
  { block: { address: ipv6FromWords([0, 0, 0, 0, 0, 0, 0, 0]), prefixLength: 96 }, shift: 0n },
  { block: { address: ipv6FromWords([0x64, 0xff9b, 0, 0, 0, 0, 0, 0]), prefixLength: 96 }, shift: 0n },
  { block: { address: ipv6FromWords([0x2002, 0, 0, 0, 0, 0, 0, 0]), prefixLength: 16 }, shift: 80n },
];

function parsePrefix(text: string): number {
  return /^\d{1,3}$/u.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}

function bitsOfIpv4(text: string): bigint {
  return bitsOfWords(text.split(".").map(Number), 8n);
}

/** `isIPv6` has checked the text: at most one `::`, groups of at most four digits, perhaps an IPv4 tail. */
function ipv6Words(text: string): number[] {
  const [head = "", tail] = text.split("::");
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}

function groupsOf(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    return wordsOf(bitsOfIpv4(group), { count: 2, width: 16n });
  });
}

function bitsOfWords(words: readonly number[], width: bigint): bigint {
  return words.reduce((bits, word) => (bits << width) | BigInt(word), 0n);
}

function wordsOf(bits: bigint, { count, width }: { readonly count: number; readonly width: bigint }): number[] {
  const mask = (1n << width) - 1n;
  return Array.from({ length: count }, (_, index) => Number((bits >> (BigInt(count - 1 - index) * width)) & mask));
}
