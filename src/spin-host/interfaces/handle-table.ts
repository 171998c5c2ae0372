/** What a guest of Spin 1 has open, by the numbers that it was given. */
export class HandleTable<Value> {
  readonly #values = new Map<number, Value>();
  #last = 0;

  add(value: Value): number {
    this.#last += 1;
    this.#values.set(this.#last, value);
    return this.#last;
  }

  get(handle: number): Value | undefined {
    return this.#values.get(handle);
  }

  take(handle: number): Value | undefined {
    const value = this.#values.get(handle);
    this.#values.delete(handle);
    return value;
  }
}
