import { drainStream, type StreamSource, valueOfFuture } from "../../component/index.ts";
import { type Field, type HttpErrorCode, HttpFailure, type IncomingContent } from "../../host/http/index.ts";
import type { HostError } from "../../host/index.ts";
import { type Answer, err, ok } from "../../p2/calls.ts";
import type { P2Context } from "../../p2/context.ts";
import { GuestFields } from "../../p2/http/guest-fields.ts";
import type { OutgoingBody } from "../../p2/http/outgoing-body.ts";
import { readVia, sinkOf } from "../streams.ts";
import { copyStream } from "./copy-stream.ts";

/** What comes after a body: fields, none, or why it is not whole. */
export type Trailers = Answer<GuestFields | undefined, HttpErrorCode>;

/** A body as a guest gets it: its bytes, and what comes after them. */
export type ConsumedBody = readonly [StreamSource | object, { readonly future: Promise<Trailers> } | object];

/** The body of a request or a response, which is used up once. */
export interface MessageBody {
  /** Gives the body to a guest, which tells by `result` how it fared with it. */
  consume(context: P2Context, result: object): ConsumedBody;
  /**
   * Sends all of it, and the trailers. Rejects with what it failed with. Whoever made it is told that it is sent once
   * `transmitted` resolves too.
   */
  send(context: P2Context, body: OutgoingBody, transmitted?: Promise<void>): Promise<void>;
}

/** A body that came over a connection. */
export class ReceivedBody implements MessageBody {
  readonly #content: IncomingContent;

  constructor(content: IncomingContent) {
    this.#content = content;
  }

  consume(context: P2Context, result: object): ConsumedBody {
    const content = this.#content;
    void ignore(result);
    const input = content.open();
    const [stream] = readVia(context, input, httpErrorCode, () => {
      input.close();
      // Whoever wants no more of it may wait for what comes after it.
      if (!content.ended.isReady()) content.skip();
    });
    return [stream, { future: trailersOf(context, content) }];
  }

  async send(context: P2Context, body: OutgoingBody): Promise<void> {
    await copyStream(context, this.#content.open(), body.output);
    finish(body, await trailersOf(context, this.#content));
  }
}

async function trailersOf({ interrupt }: P2Context, content: IncomingContent): Promise<Trailers> {
  await interrupt.whenAnyReady([content.ended]);
  const trailers = content.trailers() ?? noFields;
  if (trailers instanceof HttpFailure) return err(trailers.httpCode);
  return trailers.length === 0 ? ok() : ok(GuestFields.of(trailers));
}

const noFields: readonly Field[] = [];

/** A body that a guest makes: a stream of it, and a future for what comes after. */
export class GuestBody implements MessageBody {
  readonly #contents: object | undefined;
  readonly #trailers: object;
  readonly #sent = Promise.withResolvers<Answer<undefined, HttpErrorCode>>();

  constructor(contents: object | undefined, trailers: object) {
    this.#contents = contents;
    this.#trailers = trailers;
  }

  /** Tells the guest what became of it. */
  get sent(): { readonly future: Promise<Answer<undefined, HttpErrorCode>> } {
    return { future: this.#sent.promise };
  }

  consume(_context: P2Context, result: object): ConsumedBody {
    void this.#tell(result);
    return [this.#contents ?? endedSource, this.#trailers];
  }

  async send(context: P2Context, body: OutgoingBody, transmitted?: Promise<void>): Promise<void> {
    try {
      if (this.#contents !== undefined) await drainStream(this.#contents, sinkOf(context, body.output));
      finish(body, (await valueOfFuture(this.#trailers)) as Trailers | undefined);
      await transmitted;
      this.#sent.resolve({ tag: "ok" });
    } catch (thrown) {
      body.drop();
      const failure = HttpFailure.from(thrown, "send a body");
      this.#sent.resolve(err(failure.httpCode));
      throw failure;
    }
  }

  /** One guest made it and one takes it: what that says of it is what became of it. */
  async #tell(result: object): Promise<void> {
    const said = (await valueOfFuture(result)) as Answer<undefined, HttpErrorCode> | undefined;
    this.#sent.resolve(said ?? { tag: "ok" });
  }
}

const endedSource: StreamSource = { read: () => "ended", onReadable: () => () => undefined, close: () => undefined };

/** Nobody beyond the host asks how a guest fared with what it received. */
async function ignore(result: object): Promise<void> {
  await valueOfFuture(result);
}

/** Ends a body with its trailers; one that is not whole is cut off. */
function finish(body: OutgoingBody, trailers: Trailers | undefined): void {
  if (trailers?.tag === "err") {
    throw new HttpFailure(trailers.value ?? { tag: "internal-error" }, "send a body: its sender says that it failed");
  }
  const answer = body.finish(trailers?.value);
  if (answer.tag === "err" && answer.value !== undefined) {
    throw new HttpFailure(answer.value, "send a body: it has another length than its message says");
  }
}

function httpErrorCode(failure: HostError): HttpErrorCode {
  return failure instanceof HttpFailure ? failure.httpCode : { tag: "internal-error" };
}
