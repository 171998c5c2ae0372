import { closeSync } from "node:fs";

import { type CellLine, type SocketOrder, SOCKETS_WANTED_MAX } from "../channel/index.ts";

type Wish = Extract<CellLine, { event: "socket-wanted" }>;

interface Waiting {
  readonly wish: Wish;
  readonly given: PromiseWithResolvers<number>;
}

/** Sockets that guests of this cell want and control opens: a cell has no network of its own. */
export class WantedSockets {
  readonly #tell: (wish: Wish) => void;
  /** In the order in which they were wanted; control is told of the first ones only. */
  readonly #waiting = new Map<number, Waiting>();
  #lastAsk = 0;
  #told = 0;

  constructor(tell: (wish: Wish) => void) {
    this.#tell = tell;
  }

  /** Resolves with the socket's descriptor, which is the caller's; rejects with an error that has a system's code. */
  want(guest: number, socket: SocketOrder): Promise<number> {
    const ask = ++this.#lastAsk;
    const given = Promise.withResolvers<number>();
    const wish: Wish = { event: "socket-wanted", ask, guest, socket };
    this.#waiting.set(ask, { wish, given });
    this.#tellNext();
    return given.promise;
  }

  /** What nobody waits for, such as the second answer to one wish, is closed. */
  give(ask: number, [fd, ...more]: readonly number[]): void {
    for (const other of more) closeSync(other);
    const waiting = this.#end(ask);
    if (fd === undefined) waiting?.given.reject(errorOf("EIO"));
    else if (waiting === undefined) closeSync(fd);
    else waiting.given.resolve(fd);
  }

  fail(ask: number, code: string): void {
    this.#end(ask)?.given.reject(errorOf(code));
  }

  /** Tells a new control what the one before may not have lived to answer. */
  repeat(): void {
    this.#told = 0;
    this.#tellNext();
  }

  #end(ask: number): Waiting | undefined {
    const waiting = this.#waiting.get(ask);
    if (waiting === undefined) return undefined;
    this.#waiting.delete(ask);
    this.#told--;
    this.#tellNext();
    return waiting;
  }

  #tellNext(): void {
    const untold = [...this.#waiting.values()].slice(this.#told, SOCKETS_WANTED_MAX);
    this.#told += untold.length;
    for (const { wish } of untold) this.#tell(wish);
  }
}

function errorOf(code: string): Error {
  return Object.assign(new Error(`open a socket: ${code}`), { code });
}
