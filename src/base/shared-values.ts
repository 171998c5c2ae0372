/**
 * Values by what they are made of, for as long as somebody has them: what is made of the same again is the one that is there. Nothing
 * is kept by it, so whoever makes many different ones pays for those alone that are used.
 */
export class SharedValues<Value extends object> {
  readonly #values = new Map<string, WeakRef<Value>>();
  readonly #gone = new FinalizationRegistry<string>((key) => {
    // Made anew under the same key, it has a place of its own.
    if (this.#values.get(key)?.deref() === undefined) this.#values.delete(key);
  });

  /** The value of that key, or the one that `make` makes. */
  share(key: string, make: () => Value): Value {
    const known = this.#values.get(key)?.deref();
    if (known !== undefined) return known;
    const made = make();
    this.#values.set(key, new WeakRef(made));
    this.#gone.register(made, key);
    return made;
  }
}
