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
  /** Made with the first: most signals are never waited for. */
  #callbacks: Set<{ readonly call: () => void }> | undefined;

  /** How many are waiting; tests hold that a finished wait leaves none. */
  get waiting(): number {
    return this.#callbacks?.size ?? 0;
  }

  onReady(callback: () => void): Cancel {
    const entry = { call: callback };
    const callbacks = (this.#callbacks ??= new Set());
    callbacks.add(entry);
    return () => void callbacks.delete(entry);
  }

  /** Calls everyone who waits, once. A callback that asks again waits for the next time. */
  fire(): void {
    if (this.#callbacks === undefined || this.#callbacks.size === 0) return;
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
