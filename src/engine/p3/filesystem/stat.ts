import type { FileStat, FileType } from "../../host/index.ts";
import { type Instant, instantOf } from "../instant.ts";

/** `descriptor-type`: a variant in 0.3, with a case for what has no name. */
export interface DescriptorType {
  readonly tag: string;
  readonly value?: string;
}

export function descriptorTypeOf(type: FileType): DescriptorType {
  if (type === "datagram-socket") return { tag: "socket" };
  return type === "unknown" ? { tag: "other" } : { tag: type };
}

/** `descriptor-stat`. */
export function descriptorStatOf(stat: FileStat): Readonly<Record<string, DescriptorType | bigint | Instant>> {
  return {
    type: descriptorTypeOf(stat.type),
    "link-count": stat.linkCount,
    size: stat.sizeBytes,
    "data-access-timestamp": instantOf(stat.accessedNs),
    "data-modification-timestamp": instantOf(stat.modifiedNs),
    "status-change-timestamp": instantOf(stat.changedNs),
  };
}
