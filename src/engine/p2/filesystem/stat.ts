import { createHash } from "node:crypto";
import type { FileStat, FileType, NewTime } from "../../host/index.ts";
import { type Datetime, datetimeOf, nanosecondsOf } from "../datetime.ts";

/** `new-timestamp`. */
export type NewTimestamp =
  | { readonly tag: "no-change" | "now" }
  | { readonly tag: "timestamp"; readonly value: Datetime };

export function newTimeOf(timestamp: NewTimestamp): NewTime {
  if (timestamp.tag === "timestamp") return nanosecondsOf(timestamp.value);
  return timestamp.tag === "now" ? "now" : "keep";
}

/** `descriptor-type`, which knows one kind of socket only. */
export function descriptorTypeOf(type: FileType): string {
  return type === "datagram-socket" ? "socket" : type;
}

/** `descriptor-stat`. */
export function descriptorStatOf(stat: FileStat): Readonly<Record<string, string | bigint | Datetime>> {
  return {
    type: descriptorTypeOf(stat.type),
    "link-count": stat.linkCount,
    size: stat.sizeBytes,
    "data-access-timestamp": datetimeOf(stat.accessedNs),
    "data-modification-timestamp": datetimeOf(stat.modifiedNs),
    "status-change-timestamp": datetimeOf(stat.changedNs),
  };
}

/** `metadata-hash-value`: the same for two names of one file, and tells nothing else of it. */
export function metadataHashOf({ device, inode }: FileStat): { readonly lower: bigint; readonly upper: bigint } {
  const digest = createHash("sha256").update(`${device} ${inode}`).digest();
  return { lower: digest.readBigUInt64LE(0), upper: digest.readBigUInt64LE(8) };
}
