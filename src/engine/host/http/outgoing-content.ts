import { HostError } from "../host-error.ts";
import { type Pollable, Signal } from "../pollable.ts";
import { type OutputStream, streamBytesMax } from "../stream.ts";
import type { Field } from "./field.ts";

/** Where the content of a message goes. */
export interface ContentTarget {
  /** Bytes that the system has not taken yet. */
  heldBytes(): number;
  /** Sends the head, for content that comes bit by bit. */
  begin(): void;
  write(bytes: Uint8Array, onWritten: () => void): void;
  end(trailers: readonly Field[]): void;
  /** Sends the head and all of the content at once. */
  sendWhole(bytes: Uint8Array, trailers: readonly Field[]): void;
  /** Lets the reader see that the content is not whole. */
  cut(): void;
}

/**
 * The content of a message that goes out: first kept here, then passed on. A message that is whole within two turns
 * of the event loop goes out in one piece.
 */
export class OutgoingContent implements OutputStream {
  readonly isTerminal = false;
  readonly #changed = new Signal();
  #chunks: Uint8Array[] = [];
  #keptBytes = 0;
  #target: ContentTarget | undefined;
  /** The turn after which what is there goes out without waiting for more. */
  #turn: NodeJS.Immediate | undefined;
  #end: "open" | "finished" | "failed" = "open";
  #trailers: readonly Field[] = [];
  #failure: HostError | undefined;
  /** All bytes that were taken. */
  writtenBytes = 0;

  readonly writable: Pollable = {
    isReady: () => this.#failure !== undefined || this.#end !== "open" || this.#room() > 0,
    onReady: (callback) => this.#changed.onReady(callback),
  };

  capacity(): number {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#end !== "open") throw new HostError("pipe", "write to a body that is finished");
    return Math.max(0, this.#room());
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > this.capacity()) throw new HostError("invalid", "write more than the body has room for");
    this.writtenBytes += bytes.length;
    if (this.#target !== undefined && this.#turn === undefined) {
      this.#target.write(bytes, () => this.#changed.fire());
      return;
    }
    this.#chunks.push(bytes);
    this.#keptBytes += bytes.length;
  }

  /** What is kept here goes out with the turn, so only what the system has not taken is waited for. */
  flush(): Promise<void> | undefined {
    return this.#holdsBytes() ? this.#whenEmpty() : undefined;
  }

  async #whenEmpty(): Promise<void> {
    while (this.#holdsBytes()) await new Promise<void>((resolve) => void this.#changed.onReady(resolve));
  }

  #holdsBytes(): boolean {
    return this.#failure === undefined && this.#turn === undefined && (this.#target?.heldBytes() ?? 0) > 0;
  }

  close(): void {
    // A stream may be dropped and asked for no more; only `finish` ends the content.
  }

  get isFinished(): boolean {
    return this.#end === "finished";
  }

  /** All was written. */
  finish(trailers: readonly Field[]): void {
    if (this.#end !== "open") return;
    this.#end = "finished";
    this.#trailers = trailers;
    if (this.#target === undefined) return;
    if (this.#turn === undefined) this.#target.end(trailers);
    else this.#sendWhole(this.#target);
    this.#changed.fire();
  }

  /** Not all was written, and nothing more will be. */
  fail(): void {
    if (this.#end !== "open") return;
    this.#end = "failed";
    this.#chunks = [];
    this.#keptBytes = 0;
    this.#stopTurn();
    this.#target?.cut();
    this.#changed.fire();
  }

  /** Nobody takes it any more. */
  break(failure: HostError): void {
    this.#failure ??= failure;
    this.#chunks = [];
    this.#keptBytes = 0;
    this.#stopTurn();
    this.#changed.fire();
  }

  sendTo(target: ContentTarget): void {
    this.#target = target;
    if (this.#failure !== undefined || this.#end === "failed") target.cut();
    else if (this.#end === "finished") this.#sendWhole(target);
    else this.#turn = setImmediate(() => this.#waitOnce(target));
  }

  #room(): number {
    return streamBytesMax - this.#keptBytes - (this.#turn === undefined ? (this.#target?.heldBytes() ?? 0) : 0);
  }

  /** A guest whose turn it was not goes on in this round of the event loop, and may be done at the end of it. */
  #waitOnce(target: ContentTarget): void {
    this.#turn = setImmediate(() => this.#begin(target));
  }

  #begin(target: ContentTarget): void {
    this.#turn = undefined;
    target.begin();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#keptBytes = 0;
    for (const chunk of chunks) target.write(chunk, () => this.#changed.fire());
    this.#changed.fire();
  }

  #sendWhole(target: ContentTarget): void {
    this.#stopTurn();
    const [first = noBytes, ...others] = this.#chunks;
    this.#chunks = [];
    this.#keptBytes = 0;
    target.sendWhole(others.length === 0 ? first : Buffer.concat([first, ...others]), this.#trailers);
  }

  #stopTurn(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
  }
}

const noBytes = new Uint8Array();
