import { outboundLimits } from "./limits.ts";

/** Bytes of all answers of this process that somebody waits for. */
let heldBytes = 0;

/** Bytes of the answer that comes by one connection, which all connections of the process together have a limit for. */
export class AnswerBytes {
  #own = 0;

  /** Throws an Error where the answer is larger than is taken, or where there are too many at a time. */
  add(bytes: number): void {
    this.#own += bytes;
    heldBytes += bytes;
    if (this.#own > outboundLimits.answerBytesMax) {
      throw new Error(`query result exceeds limit of ${outboundLimits.answerBytesMax} bytes`);
    }
    if (heldBytes > outboundLimits.answersBytesMax) throw new Error("too many large query results at a time");
  }

  /** The answer was given, or nobody waits any more. */
  clear(): void {
    heldBytes -= this.#own;
    this.#own = 0;
  }
}
