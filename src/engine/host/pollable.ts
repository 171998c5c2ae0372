/** Takes a request back; calling it again does nothing. */
export type Cancel = () => void;

/**
 * Something a guest can wait for: the shape of WASI 0.2's `pollable`, without its handle. A callback instead of a
 * promise, because a wait that ended for another reason must leave nothing behind: reactions added to a promise that
 * never settles cannot be removed, and a server polling one idle socket would collect them for ever.
 */
export interface Pollable {
  /** Whether the operation would go on now, be it with data, an end or an error. */
  isReady(): boolean;
  /** Calls back once, later, when `isReady` may have turned true. */
  onReady(callback: () => void): Cancel;
}

/** The callbacks behind one pollable. */
export class Signal {
  readonly #callbacks = new Set<{ readonly call: () => void }>();

  /** How many are waiting; tests hold that a finished wait leaves none. */
  get waiting(): number {
    return this.#callbacks.size;
  }

  onReady(callback: () => void): Cancel {
    const entry = { call: callback };
    this.#callbacks.add(entry);
    return () => void this.#callbacks.delete(entry);
  }

  /** Calls everyone who waits, once. A callback that asks again waits for the next time. */
  fire(): void {
    const entries = [...this.#callbacks];
    this.#callbacks.clear();
    for (const entry of entries) entry.call();
  }
}

/** A pollable that never has to wait: files, ended streams, discarded output. */
export const alwaysReady: Pollable = {
  isReady: () => true,
  onReady(callback) {
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  },
};
