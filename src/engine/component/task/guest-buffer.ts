import type { AbiContext } from "../abi/context.ts";
import type { ElementPlan } from "../abi/plan-list.ts";
import { trap } from "../abi/trap.ts";
import { callLimits } from "../limits.ts";
import type { ComponentValue } from "../values.ts";
import type { CopyBuffer } from "./channel.ts";

/** A piece of a guest's memory that elements of a stream or a future are copied from or to. */
export class GuestBuffer implements CopyBuffer {
  readonly #context: AbiContext;
  readonly #elements: ElementPlan | undefined;
  readonly #pointer: number;
  readonly #length: number;
  progress = 0;

  constructor(context: AbiContext, elements: ElementPlan | undefined, pointer: number, length: number) {
    if (length > callLimits.listBytesMax) throw trap(`"${length}" elements are too many for one copy`);
    if (elements !== undefined && length > 0) {
      context.begin();
      context.checkRange(pointer, length * elements.size, elements.alignment, "stream or future");
    }
    this.#context = context;
    this.#elements = elements;
    this.#pointer = pointer;
    this.#length = length;
  }

  get remaining(): number {
    return this.#length - this.progress;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  take(count: number): ComponentValue {
    const at = this.#advance(count);
    this.#context.begin();
    return this.#elements?.load(this.#context, at, count) ?? [];
  }

  put(values: ComponentValue, count: number): void {
    const at = this.#advance(count);
    this.#context.begin();
    this.#context.source = "utf8";
    this.#elements?.store(this.#context, at, values);
  }

  /** Passes so many elements; the answer is where they begin. */
  #advance(count: number): number {
    // After its end the memory may be another guest's.
    this.#context.instance.store.requireAlive();
    const at = this.#pointer + this.progress * (this.#elements?.size ?? 0);
    this.progress += count;
    return at;
  }
}
