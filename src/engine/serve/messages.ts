import type { HttpExchange } from "../host/http/index.ts";
import type { Admission } from "./admission.ts";
import type { HttpProgram, HttpRouted } from "./http-program.ts";
import { MessageExchange } from "./message-exchange.ts";
import type { ServiceLog } from "./service-log.ts";

export interface GuestMessage {
  /** The component that it is given to, by a new instance. */
  readonly program: HttpProgram;
  /** Where it is from, for logs. */
  readonly channel: string;
  readonly payload: Uint8Array;
}

/** Takes messages from where they come from. */
export interface MessageSink {
  /** Gives a message to its component in its turn, and resolves when that is over, however it went. */
  deliver(message: GuestMessage): Promise<void>;
  /** Writes a line to the log of the service. */
  report(line: string): void;
}

/** Where messages come from, beside the requests of clients. */
export interface MessageSource {
  start(sink: MessageSink): void;
  /** Gives what it holds already, at once, and no more. Idempotent. */
  stop(): void;
}

interface MessagesParts {
  readonly sources: readonly MessageSource[];
  /** Messages wait for their turns as requests do, and among them. */
  readonly admission: Admission;
  readonly log: ServiceLog;
  readonly serve: (exchange: HttpExchange, routed: HttpRouted) => Promise<void>;
  /** Called when a message is over. */
  readonly onOver: () => void;
}

/** The messages of one service. */
export class Messages implements MessageSink {
  readonly #parts: MessagesParts;
  #open = 0;
  #isCut = false;

  constructor(parts: MessagesParts) {
    this.#parts = parts;
  }

  /** Those that wait for their turn or have it. */
  get open(): number {
    return this.#open;
  }

  start(): void {
    for (const source of this.#parts.sources) source.start(this);
  }

  stop(): void {
    for (const source of this.#parts.sources) source.stop();
  }

  /** What waits is given up too. */
  cut(): void {
    this.#isCut = true;
    this.stop();
  }

  report(line: string): void {
    this.#parts.log.line(line);
  }

  async deliver({ program, channel, payload }: GuestMessage): Promise<void> {
    if (this.#isCut) return;
    const { admission, log, onOver } = this.#parts;
    const exchange = new MessageExchange(channel, payload);
    const turn = Promise.withResolvers<void>();
    if (admission.enter(turn.resolve) === undefined) {
      log.failure(exchange, "too many messages and requests are waiting, so it is lost");
      return;
    }
    this.#open += 1;
    await turn.promise;
    try {
      if (!this.#isCut) await this.#handle(exchange, { program, request: exchange.request });
    } finally {
      this.#open -= 1;
      admission.leave();
      onOver();
    }
  }

  async #handle(exchange: MessageExchange, routed: HttpRouted): Promise<void> {
    const { serve, log } = this.#parts;
    await serve(exchange, routed);
    if (exchange.status === 504) log.failure(exchange, "it was not handled in time");
    if (exchange.status === 503) log.failure(exchange, "the service ended before it was handled");
  }
}
