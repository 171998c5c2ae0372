import { createHash } from "node:crypto";
import { KwasmError } from "#base";

/**
 * Addresses of pods and Services in 127.0.0.0/8, all of which Linux answers on loopback without any set-up. Each state
 * folder has two ranges of its own, chosen by its path, so that two of them on one machine rarely meet:
 * 127.64-127.x.y for pods and 127.128-191.x.y for Services. 127.0.0.1 and its neighbours are never given.
 */
const POD_OCTET_FIRST = 64;
const SERVICE_OCTET_FIRST = 128;
const OCTET_COUNT = 64;

/** Addresses of one range; the first and the last of it are left out, as people expect of a network. */
const HOSTS_PER_RANGE = 65_534;

export interface AddressRange {
  /** `127.64`, the first two octets. */
  readonly prefix: string;
}

export function addressRanges(stateDir: string): { readonly pods: AddressRange; readonly services: AddressRange } {
  const digest = createHash("sha256").update(stateDir).digest();
  const offset = digest.readUInt8(0) % OCTET_COUNT;
  return {
    pods: { prefix: `127.${POD_OCTET_FIRST + offset}` },
    services: { prefix: `127.${SERVICE_OCTET_FIRST + offset}` },
  };
}

/** Gives addresses of one range, each to one owner; goes round the range so that a freed one rests before its next use. */
export class AddressAllocator {
  readonly #range: AddressRange;
  readonly #used = new Set<string>();
  #last = 0;

  /** `used` are the addresses that stored objects hold already. */
  constructor(range: AddressRange, used: Iterable<string>) {
    this.#range = range;
    for (const address of used) this.claim(address);
  }

  allocate(): string {
    for (let step = 0; step < HOSTS_PER_RANGE; step += 1) {
      this.#last = (this.#last % HOSTS_PER_RANGE) + 1;
      const address = `${this.#range.prefix}.${this.#last >> 8}.${this.#last & 0xff}`;
      if (this.claim(address)) return address;
    }
    throw new KwasmError(
      "limit-exceeded",
      `allocate an address in "${this.#range.prefix}.0.0/16": all are in use; delete some pods or services`,
    );
  }

  /** Takes a certain address; false if somebody has it. */
  claim(address: string): boolean {
    if (this.#used.has(address)) return false;
    this.#used.add(address);
    return true;
  }

  release(address: string): void {
    this.#used.delete(address);
  }
}
