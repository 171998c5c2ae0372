import { KwasmError } from "#base";
import { type Field, type HttpErrorCode, HttpFailure, OutgoingContent, valueOf } from "../../host/http/index.ts";
import type { OutputStream } from "../../host/index.ts";
import { type Answer, err, ok } from "../calls.ts";
import { GuestOutput } from "../io/guest-output.ts";
import type { GuestFields } from "./guest-fields.ts";

type SizeTag = "HTTP-request-body-size" | "HTTP-response-body-size";

/** `wasi:http/types#outgoing-body`. It has as many bytes as its message says, where that says how many. */
export class OutgoingBody {
  readonly content: OutgoingContent;
  readonly #sizeTag: SizeTag;
  readonly #length: number | undefined;
  #stream: "unopened" | "open" | "dropped" = "unopened";
  #isFinished = false;

  constructor(fields: readonly Field[], sizeTag: SizeTag) {
    this.content = new OutgoingContent();
    this.#sizeTag = sizeTag;
    this.#length = declaredLength(fields);
  }

  write(): Answer<GuestOutput, undefined> {
    if (this.#stream !== "unopened") return err();
    this.#stream = "open";
    const release = (): void => {
      this.#stream = "dropped";
    };
    return ok(new GuestOutput(this.output, { origin: "other", release }));
  }

  finish(trailers: GuestFields | undefined): Answer<undefined, HttpErrorCode> {
    if (this.#stream === "open") {
      throw new KwasmError("failed-precondition", "finish a body whose stream is open: drop the stream first");
    }
    this.#isFinished = true;
    const { writtenBytes } = this.content;
    if (this.#length !== undefined && writtenBytes !== this.#length) {
      this.content.fail();
      return err({ tag: this.#sizeTag, value: BigInt(writtenBytes) });
    }
    this.content.finish(trailers?.list ?? []);
    return ok();
  }

  /** A body that was not finished is not whole. */
  drop(): void {
    if (!this.#isFinished) this.content.fail();
  }

  /** Where its bytes go, no more of them than were declared. */
  get output(): OutputStream {
    const { content } = this;
    const length = this.#length;
    if (length === undefined) return content;
    return {
      isTerminal: false,
      writable: content.writable,
      capacity: () => content.capacity(),
      write: (bytes) => {
        const total = content.writtenBytes + bytes.length;
        if (total > length) throw tooMany(this.#sizeTag, total);
        content.write(bytes);
      },
      flush: () => content.flush(),
      close: () => content.close(),
    };
  }
}

function tooMany(tag: SizeTag, total: number): HttpFailure {
  return new HttpFailure({ tag, value: BigInt(total) }, `write "${total}" bytes of a body that was declared shorter`);
}

function declaredLength(fields: readonly Field[]): number | undefined {
  const text = valueOf(fields, "content-length");
  return text === undefined || !/^\d{1,15}$/.test(text) ? undefined : Number(text);
}
