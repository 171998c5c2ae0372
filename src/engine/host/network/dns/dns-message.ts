import { type Answer, decode, encode, type Packet, RECURSION_DESIRED, TRUNCATED_RESPONSE } from "dns-packet";
import { normalHostName } from "../host-name.ts";
import { type IpAddress, parseIpAddress } from "../ip-address.ts";
import { addressesMax } from "./hosts-file.ts";

export type RecordType = "A" | "AAAA";

export interface Question {
  /** The number by which its answer is known. */
  readonly id: number;
  readonly name: string;
  readonly type: RecordType;
}

export type Reply =
  /** Perhaps none: the name is there and has none of this type. */
  | { readonly kind: "addresses"; readonly addresses: readonly IpAddress[] }
  | { readonly kind: "no-name" }
  /** It did not fit, and is to be asked for by TCP. */
  | { readonly kind: "cut" }
  /** This server does not know; another may. */
  | { readonly kind: "failed" };

/** Aliases that are followed in one answer. */
const aliasesMax = 16;

export function encodeQuestion({ id, name, type }: Question): Uint8Array {
  return encode({ type: "query", id, flags: RECURSION_DESIRED, questions: [{ type, name }] });
}

/** Reads an answer; undefined for bytes that are none to this question, whoever sent them. */
export function readReply(bytes: Uint8Array, question: Question): Reply | undefined {
  const packet = decodeOrNothing(bytes);
  if (packet === undefined || !answers(packet, question)) return undefined;
  const { flags = 0 } = packet;
  if ((flags & TRUNCATED_RESPONSE) !== 0) return { kind: "cut" };
  switch (flags & 0xf) {
    case 0:
      return { kind: "addresses", addresses: addressesIn(packet.answers ?? [], question) };
    case 3:
      return { kind: "no-name" };
    default:
      return { kind: "failed" };
  }
}

function answers({ type, id, questions }: Packet, question: Question): boolean {
  const asked = questions?.[0];
  if (type !== "response" || id !== question.id || asked === undefined) return false;
  return asked.type === question.type && normalHostName(asked.name) === question.name;
}

/** Whatever a library throws at the bytes of a stranger, they are no answer. */
function decodeOrNothing(bytes: Uint8Array): Packet | undefined {
  try {
    return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch {
    return undefined;
  }
}

/** Those of the name itself and of what it is an alias of; what else the answer holds was not asked for. */
function addressesIn(records: readonly Answer[], { name, type }: Question): readonly IpAddress[] {
  let owner: string | undefined = name;
  for (let step = 0; step <= aliasesMax && owner !== undefined; step++) {
    const own = records.filter((answer) => normalHostName(answer.name) === owner);
    const addresses = own.flatMap((answer) => (answer.type === type ? (addressOf(answer.data) ?? []) : []));
    if (addresses.length > 0) return addresses.slice(0, addressesMax);
    const alias = own.find((answer) => answer.type === "CNAME");
    owner = alias?.type === "CNAME" ? normalHostName(alias.data) : undefined;
  }
  return [];
}

function addressOf(data: unknown): IpAddress | undefined {
  return typeof data === "string" ? parseIpAddress(data) : undefined;
}
