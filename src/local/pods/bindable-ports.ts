import { readFileSync } from "node:fs";
import type { MappedPorts } from "#api";
import { KwasmError } from "#base";

/** Where ports end that a plain user may not bind, if the kernel does not say otherwise. */
const PRIVILEGED_PORT_END_DEFAULT = 1_024;

/** 80 becomes 8080 and 443 becomes 8443: the numbers that people use by habit. */
const MAPPED_PORT_OFFSET = 8_000;

/** Bit of CAP_NET_BIND_SERVICE in a capability set (linux/capability.h). */
const CAP_NET_BIND_SERVICE = 10n;

/** The lowest port that this process may listen on. */
export function lowestBindablePort(readText: (path: string) => string = readTextFile): number {
  const effective = /^CapEff:\s*([0-9a-f]+)$/mu.exec(readText("/proc/self/status"))?.[1] ?? "0";
  if ((BigInt(`0x${effective}`) >> CAP_NET_BIND_SERVICE) & 1n) return 1;
  const start = Number.parseInt(readText("/proc/sys/net/ipv4/ip_unprivileged_port_start"), 10);
  return Number.isInteger(start) ? start : PRIVILEGED_PORT_END_DEFAULT;
}

/**
 * Says where the declared ports of one address are really served: where they are, unless they may not be bound. Only
 * ports that differ are in the result, and no two ports meet.
 */
export function mapPorts(declared: readonly number[], lowestPort: number): MappedPorts {
  const mapped = new Map<number, number>();
  const taken = new Set(declared);
  for (const port of declared) {
    if (port >= lowestPort || mapped.has(port)) continue;
    let real = port + MAPPED_PORT_OFFSET;
    while (taken.has(real)) real += 1;
    taken.add(real);
    mapped.set(port, real);
  }
  return mapped;
}

/** Kernels without the setting have the classic border. */
function readTextFile(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (KwasmError.from(error, "read").code === "not-found") return "";
    throw error;
  }
}
