/** Lets one thing happen after the other where they have the same key. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Does `act` when all that came before under this key is over, however it ended. */
  async take<Result>(key: string, act: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(act, act);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
