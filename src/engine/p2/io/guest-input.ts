import { alwaysReady, type Pollable } from "../../host/pollable.ts";
import type { InputStream } from "../../host/index.ts";
import { type Answer, err, failureOf, ok } from "../calls.ts";
import { type StreamFailure, closed, lastOperationFailed } from "./stream-failure.ts";

/** The most bytes of one read. A guest may ask for 2^64. */
const readBytesMax = 65_536;

interface GuestInputOptions {
  readonly origin: "files" | "other";
  readonly release: () => void;
}

/** `wasi:io/streams#input-stream`: one guest's view of an input. */
export class GuestInput {
  readonly #source: InputStream;
  readonly #options: GuestInputOptions;
  #isOver = false;

  constructor(source: InputStream, options: GuestInputOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Bytes that are there, perhaps none. The end is an error, `closed`. */
  read(length: bigint): Answer<Uint8Array, StreamFailure> {
    if (this.#isOver) return closed;
    if (length === 0n) return ok(new Uint8Array());
    try {
      const chunk = this.#source.read(length > BigInt(readBytesMax) ? readBytesMax : Number(length));
      if (chunk !== "ended") return ok(chunk ?? new Uint8Array());
      this.#isOver = true;
      return closed;
    } catch (thrown) {
      const failure = failureOf(thrown, "read from a stream");
      this.#isOver = true;
      return err(lastOperationFailed(failure, this.#options.origin));
    }
  }

  get readable(): Pollable {
    return this.#isOver ? alwaysReady : this.#source.readable;
  }

  drop(): void {
    this.#isOver = true;
    this.#options.release();
  }
}
