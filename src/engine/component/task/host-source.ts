import { trapOf } from "../abi/trap.ts";
import type { ChannelType } from "../types/types.ts";
import type { ComponentValue, StreamSource } from "../values.ts";
import { Channel, type Copy, copyResults, type CopyResult, type ChannelEnd } from "./channel.ts";
import type { Store } from "./store.ts";

/** Elements that a source is asked for at once; a guest may ask for 2^28. */
const SOURCE_ELEMENTS_MAX = 65_536;

export function isSource(value: ComponentValue): value is StreamSource {
  return typeof value === "object" && value !== null && "onReadable" in value;
}

/**
 * A stream to a guest that the host is asked for when the guest reads. What is there is copied at once; nothing is read
 * ahead, so a guest that stops reading takes nothing from whoever reads next.
 */
export class SourcedChannel extends Channel {
  readonly #source: StreamSource;
  readonly #store: Store;
  #reader: Copy | undefined;
  #forget: (() => void) | undefined;
  #isOver = false;

  constructor(type: ChannelType, source: StreamSource, store: Store) {
    super(type.kind, type.element);
    this.#source = source;
    this.#store = store;
  }

  override read(copy: Copy): void {
    if (this.#isOver) copy.onDone(copyResults.dropped);
    else if (!this.#serve(copy)) this.#wait(copy);
  }

  override write(copy: Copy): void {
    copy.onDone(copyResults.dropped);
  }

  override cancel(end: ChannelEnd): void {
    if (this.#reader?.end === end) this.#finishReader(copyResults.cancelled);
  }

  override drop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#finishReader(copyResults.dropped);
    this.#source.close();
  }

  /** Whether the reader was told something. */
  #serve({ buffer, onDone }: Copy): boolean {
    const piece = this.#source.read(Math.min(buffer.remaining, SOURCE_ELEMENTS_MAX));
    if (piece === undefined) return false;
    if (piece === "ended") {
      this.drop();
      onDone(copyResults.dropped);
      return true;
    }
    if (piece.length > 0) buffer.put(piece, piece.length);
    onDone(copyResults.completed);
    return true;
  }

  #wait(copy: Copy): void {
    this.#reader = copy;
    this.#forget = this.#source.onReadable(() => this.#retry());
  }

  #retry(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    // After the guest's end its memory may be another one's.
    if (reader === undefined || this.#store.isOver) return;
    try {
      if (!this.#serve(reader)) this.#wait(reader);
    } catch (error) {
      this.#store.fail(trapOf(error));
    }
  }

  #finishReader(result: CopyResult): void {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#forget?.();
    this.#forget = undefined;
    reader?.onDone(result);
  }
}
