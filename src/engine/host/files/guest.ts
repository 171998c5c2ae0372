import type { DescriptorBudget } from "./descriptor-budget.ts";
import { SetTimesMemory } from "./set-times.ts";

/** An open handle, as its guest keeps it. */
interface Handle {
  close(): void;
}

/** What the handles of one mount tree share: the budget they count in and the list by which all are closed at once. */
export class Guest {
  readonly times = new SetTimesMemory();
  readonly #budget: DescriptorBudget;
  readonly #handles = new Set<Handle>();

  constructor(budget: DescriptorBudget) {
    this.#budget = budget;
  }

  /** Throws what `admit` would, before a call has changed anything on the host. */
  checkRoom(): void {
    this.#budget.take();
    this.#budget.release();
  }

  /** Counts a new handle, or throws `too-many-open-files`. */
  admit(handle: Handle): void {
    this.#budget.take();
    this.#handles.add(handle);
  }

  /** Forgets a handle that is closed; once is enough, again does nothing. */
  dismiss(handle: Handle): void {
    if (this.#handles.delete(handle)) this.#budget.release();
  }

  closeHandles(): void {
    for (const handle of this.#handles) handle.close();
  }
}
