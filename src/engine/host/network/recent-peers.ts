import type { Endpoint } from "./endpoint.ts";

/** Peers that one socket remembers having heard from; the one that was heard longest ago is forgotten first. */
const recentPeersMax = 1_024;

/** From whom a socket has heard lately. */
export class RecentPeers {
  readonly #keys = new Set<string>();

  note(peer: Endpoint): void {
    const key = keyOf(peer);
    this.#keys.delete(key);
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > recentPeersMax && oldest !== undefined) this.#keys.delete(oldest);
  }

  has(peer: Endpoint): boolean {
    return this.#keys.has(keyOf(peer));
  }
}

function keyOf({ address, port }: Endpoint): string {
  return `${address.family} ${address.bits} ${port}`;
}
