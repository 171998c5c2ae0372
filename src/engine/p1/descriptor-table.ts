import type { DescriptorBudget } from "../host/index.ts";
import type { Descriptor, Resource } from "./descriptor.ts";
import { errno, P1Error } from "./errno.ts";

/**
 * The descriptors of one guest by number. A new one takes the lowest free number, as POSIX says and as wasi-libc
 * relies on. Files and directories count themselves against the budget; the table counts everything else.
 */
export class DescriptorTable {
  readonly #budget: DescriptorBudget;
  readonly #slots: (Descriptor | undefined)[] = [];
  /** No number below this one is free. */
  #lowestFree = 0;

  constructor(budget: DescriptorBudget) {
    this.#budget = budget;
  }

  /** How many descriptors are open. */
  get size(): number {
    return this.#slots.filter((slot) => slot !== undefined).length;
  }

  get(fd: number): Descriptor {
    const descriptor = this.#slots[fd >>> 0];
    if (descriptor === undefined) throw new P1Error(errno.badDescriptor, "use a descriptor that is not open");
    return descriptor;
  }

  /** Gives `descriptor` the lowest free number. */
  insert(descriptor: Descriptor): number {
    if (countedHere(descriptor.resource)) this.#budget.take();
    let fd = this.#lowestFree;
    while (this.#slots[fd] !== undefined) fd += 1;
    this.#slots[fd] = descriptor;
    this.#lowestFree = fd + 1;
    return fd;
  }

  /** Closes `fd` and frees its number. */
  close(fd: number): void {
    this.#release(this.get(fd));
    this.#free(fd >>> 0);
  }

  /** Moves `from` to the number of `to`, closing what is there; `to` must be open too. */
  renumber(from: number, to: number): void {
    const moved = this.get(from);
    const replaced = this.get(to);
    if (moved === replaced) return;
    this.#release(replaced);
    this.#slots[to >>> 0] = moved;
    this.#free(from >>> 0);
  }

  closeAll(): void {
    for (const descriptor of this.#slots.splice(0)) {
      if (descriptor !== undefined) this.#release(descriptor);
    }
    this.#lowestFree = 0;
  }

  #free(fd: number): void {
    this.#slots[fd] = undefined;
    this.#lowestFree = Math.min(this.#lowestFree, fd);
  }

  #release(descriptor: Descriptor): void {
    descriptor.resource.close();
    if (countedHere(descriptor.resource)) this.#budget.release();
  }
}

function countedHere(resource: Resource): boolean {
  return resource.kind !== "file" && resource.kind !== "directory";
}
