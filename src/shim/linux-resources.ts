import { KwasmError } from "#base";
import type { CpuShare, WorkloadLimits } from "#node";
import type { Any } from "#proto";

/** What containerd writes for a change of limits; the part before it is typeurl's prefix for types that are no messages. */
const typeUrlEnd = "opencontainers/runtime-spec/1/LinuxResources";
/** An honest one, its denied devices and huge pages listed, has some kilobytes. */
export const RESOURCES_BYTES_MAX = 256 * 1024;
/** All that a 32-bit memory can be: the cap of a container without a limit of its own. */
export const MEMORY_BYTES_MAX = 4 * 1024 ** 3;

/**
 * The limits that concern a guest, of `linux.resources` in the words of the OCI runtime specification. What is 0 or
 * not there says nothing; containerd writes a memory limit of -1 for none, and a quota of -1 likewise.
 */
export function limitsOf(resources: unknown): WorkloadLimits {
  const limit = numberOf(resources, "memory", "limit");
  const memoryBytesMax = limit < 0 ? MEMORY_BYTES_MAX : Math.min(limit, MEMORY_BYTES_MAX);
  const cpu = cpuOf(resources);
  return {
    ...(memoryBytesMax === 0 ? {} : { memoryBytesMax }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
  };
}

/** Reads the resources of a request to change limits; throws a typed error for what is none. */
export function readResources(resources: Any | undefined): WorkloadLimits {
  const { typeUrl, value } = resources ?? { typeUrl: "", value: new Uint8Array() };
  if (!typeUrl.endsWith(typeUrlEnd)) {
    throw new KwasmError("invalid-argument", `change limits: "${typeUrl}" is no "${typeUrlEnd}"; send one`);
  }
  if (value.length > RESOURCES_BYTES_MAX) {
    const sizes = `they have "${String(value.length)}" bytes, "${String(RESOURCES_BYTES_MAX)}" are allowed`;
    throw new KwasmError("limit-exceeded", `change limits: ${sizes}; send fewer devices`);
  }
  try {
    return limitsOf(JSON.parse(Buffer.from(value).toString()));
  } catch (error) {
    throw new KwasmError("invalid-argument", `change limits: ${String(error)}; send JSON`, { cause: error });
  }
}

function cpuOf(resources: unknown): CpuShare {
  const shares = numberOf(resources, "cpu", "shares");
  const quotaUs = numberOf(resources, "cpu", "quota");
  const periodUs = numberOf(resources, "cpu", "period");
  return {
    ...(shares > 0 ? { shares } : {}),
    ...(quotaUs > 0 ? { quotaUs } : {}),
    ...(periodUs > 0 ? { periodUs } : {}),
  };
}

/** The whole number at two keys; 0 where there is none. */
function numberOf(value: unknown, outer: string, inner: string): number {
  const number = fieldOf(fieldOf(value, outer), inner);
  return typeof number === "number" && Number.isSafeInteger(number) ? number : 0;
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  // An object with this key of its own was just found.
  return (value as Readonly<Record<string, unknown>>)[key];
}
