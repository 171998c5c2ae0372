import { KwasmError } from "#base";
import type { OutputStream } from "../../host/index.ts";
import { type Pollable, Signal } from "../../host/pollable.ts";
import { type Answer, err, failureOf, ok } from "../calls.ts";
import { closed, lastOperationFailed, type StreamFailure } from "./stream-failure.ts";

interface GuestOutputOptions {
  readonly origin: "files" | "other";
  readonly release: () => void;
}

/** `wasi:io/streams#output-stream`: one guest's view of an output. */
export class GuestOutput {
  readonly #target: OutputStream;
  readonly #options: GuestOutputOptions;
  readonly #flushed = new Signal();
  /** The flush under way; while there is one, nothing is taken. */
  #flushing: Promise<void> | undefined;
  #permitted = 0;
  #isOver = false;

  /** Ready when `checkWrite` would answer something other than 0. */
  readonly writable: Pollable = {
    isReady: () => this.#isOver || (this.#flushing === undefined && this.#target.writable.isReady()),
    onReady: (callback) =>
      this.#flushing === undefined ? this.#target.writable.onReady(callback) : this.#flushed.onReady(callback),
  };

  constructor(target: OutputStream, options: GuestOutputOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** How many bytes may be written now. */
  checkWrite(): Answer<bigint, StreamFailure> {
    return this.#attempt(() => {
      this.#permitted = this.#flushing === undefined ? this.#target.capacity() : 0;
      return BigInt(this.#permitted);
    });
  }

  /** Takes no more than was permitted: a guest that writes more has a mistake and ends. */
  write(bytes: Uint8Array): Answer<undefined, StreamFailure> {
    if (bytes.length > this.#permitted) {
      throw new KwasmError(
        "invalid-argument",
        `write "${bytes.length}" bytes to a stream that permitted "${this.#permitted}": ask check-write first`,
      );
    }
    return this.#attempt(() => {
      this.#permitted -= bytes.length;
      if (bytes.length > 0) this.#target.write(bytes);
      return undefined;
    });
  }

  /** Begins to bring out what was written; done when the stream is ready again. */
  flush(): Answer<undefined, StreamFailure> {
    return this.#attempt(() => {
      void this.whenFlushed();
      return undefined;
    });
  }

  /** Resolves when what was written is out, also where nobody will read it; `checkWrite` tells. None where it is out. */
  whenFlushed(): Promise<void> | undefined {
    if (this.#flushing !== undefined) return this.#flushing;
    const flushed = this.#target.flush();
    if (flushed !== undefined) this.#flushing = this.#notice(flushed);
    return this.#flushing;
  }

  drop(): void {
    this.#isOver = true;
    this.#options.release();
  }

  async #notice(flushed: Promise<void>): Promise<void> {
    await flushed;
    this.#flushing = undefined;
    this.#flushed.fire();
  }

  #attempt<Value>(act: () => Value): Answer<Value, StreamFailure> {
    if (this.#isOver) return closed;
    try {
      return ok(act());
    } catch (thrown) {
      const failure = failureOf(thrown, "write to a stream");
      this.#isOver = true;
      return err(lastOperationFailed(failure, this.#options.origin));
    }
  }
}
