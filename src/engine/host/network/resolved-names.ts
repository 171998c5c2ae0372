import type { IpAddress } from "./ip-address.ts";
import { namesPerAddressMax, resolvedAddressesMax } from "./limits.ts";
import type { FoundName } from "./network-policy.ts";

/**
 * By which names a guest found which addresses. A rule that names a host lets a guest connect to what the host was
 * found to be, and to nothing that merely claims the name.
 */
export class ResolvedNames {
  readonly #names = new Map<string, Map<string, FoundName>>();

  remember(addresses: readonly IpAddress[], found: FoundName): void {
    for (const address of addresses) {
      const key = keyOf(address);
      const names = this.#names.get(key) ?? new Map<string, FoundName>();
      moveToEnd(names, found.name, found);
      moveToEnd(this.#names, key, names);
      forgetOldest(names, namesPerAddressMax);
    }
    forgetOldest(this.#names, resolvedAddressesMax);
  }

  of(address: IpAddress): readonly FoundName[] {
    return [...(this.#names.get(keyOf(address))?.values() ?? [])];
  }
}

function keyOf({ family, bits }: IpAddress): string {
  return `${family} ${bits}`;
}

/** A map keeps the order in which keys came. */
function moveToEnd<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
}

function forgetOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}
