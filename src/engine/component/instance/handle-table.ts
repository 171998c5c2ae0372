import { trap } from "../abi/trap.ts";
import { callLimits } from "../limits.ts";

/** What an instance holds by number: handles of resources, and what there is to wait for. Numbers begin with 1. */
export class HandleTable<T extends object> {
  readonly #entries: (T | undefined)[] = [undefined];
  readonly #free: number[] = [];

  /** Entries that are in use. */
  get size(): number {
    return this.#entries.length - 1 - this.#free.length;
  }

  get(index: number): T {
    const entry = this.#entries[index];
    if (entry === undefined) throw trap(`unknown handle index "${index}"`);
    return entry;
  }

  add(entry: T): number {
    const free = this.#free.pop();
    if (free !== undefined) {
      this.#entries[free] = entry;
      return free;
    }
    if (this.#entries.length > callLimits.handlesMax) throw trap(`more than "${callLimits.handlesMax}" handles`);
    return this.#entries.push(entry) - 1;
  }

  remove(index: number): T {
    const entry = this.get(index);
    this.#entries[index] = undefined;
    this.#free.push(index);
    return entry;
  }
}
