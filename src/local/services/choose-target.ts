import type { Target } from "./balancer-messages.ts";

/** Clients remembered per front for session affinity, oldest forgotten first: 16 384 cost about 2 MB. */
export const AFFINITY_CLIENTS_MAX = 16_384;

interface Remembered {
  readonly target: Target;
  readonly untilMs: number;
}

/** Says in which order the targets of one front are tried for a connection. Holds no socket and no clock. */
export class TargetChooser {
  #targets: readonly Target[] = [];
  #affinityTimeoutMs = 0;
  #turn = 0;
  readonly #remembered = new Map<string, Remembered>();

  replace(targets: readonly Target[], affinityTimeoutMs: number): void {
    this.#targets = targets;
    this.#affinityTimeoutMs = affinityTimeoutMs;
    if (affinityTimeoutMs === 0) this.#remembered.clear();
  }

  /** Round robin from the next target on; a remembered client's own target comes first while it still exists. */
  orderFor(clientAddress: string, nowMs: number): readonly Target[] {
    const count = this.#targets.length;
    if (count === 0) return [];
    const first = this.#turn++ % count;
    const order = [...this.#targets.slice(first), ...this.#targets.slice(0, first)];
    const known = this.#recall(clientAddress, nowMs);
    return known === undefined ? order : [known, ...order.filter((target) => !isSame(target, known))];
  }

  /** To be called with the target that took the connection. */
  remember(clientAddress: string, target: Target, nowMs: number): void {
    if (this.#affinityTimeoutMs === 0) return;
    this.#remembered.delete(clientAddress);
    this.#remembered.set(clientAddress, { target, untilMs: nowMs + this.#affinityTimeoutMs });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= AFFINITY_CLIENTS_MAX) break;
      this.#remembered.delete(oldest);
    }
  }

  #recall(clientAddress: string, nowMs: number): Target | undefined {
    const entry = this.#remembered.get(clientAddress);
    if (entry === undefined) return undefined;
    const isUsable = entry.untilMs > nowMs && this.#targets.some((target) => isSame(target, entry.target));
    if (!isUsable) this.#remembered.delete(clientAddress);
    return isUsable ? entry.target : undefined;
  }
}

function isSame(one: Target, other: Target): boolean {
  return one.address === other.address && one.port === other.port;
}
