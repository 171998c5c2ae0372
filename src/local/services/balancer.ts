import { type Clock, KwasmError } from "#base";
import type { Front, FromBalancer, ToBalancer } from "./balancer-messages.ts";
import { CarriedConnections } from "./carried-connections.ts";
import { FrontServer } from "./front-server.ts";

interface Running {
  readonly server: FrontServer;
  /** Address and ports as asked for: another wish needs another listener. */
  readonly place: string;
}

/** All fronts of the balancer process. Messages are handled one after another, in the order in which they came. */
export class Balancer implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #send: (message: FromBalancer) => void;
  readonly #fronts = new Map<string, Running>();
  readonly #carried = new CarriedConnections();
  #last: Promise<void> = Promise.resolve();

  constructor(clock: Clock, send: (message: FromBalancer) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Never rejects: a front that cannot listen is reported and left out. */
  handle(message: ToBalancer): Promise<void> {
    this.#last = this.#last.then(() => this.#perform(message));
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#last;
    await Promise.all([...this.#fronts.keys()].map((id) => this.#remove(id)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #perform(message: ToBalancer): Promise<void> {
    switch (message.kind) {
      case "set":
        return this.#set(message.front);
      case "remove":
        return this.#remove(message.id);
      case "settle":
        return this.#send({ kind: "settled", turn: message.turn });
      case "drain":
        // Not awaited: the messages that follow must not wait for a guest's answer. It never rejects.
        void this.#carried.drain(message.address).then(() => this.#send({ kind: "settled", turn: message.turn }));
    }
  }

  async #set(front: Front): Promise<void> {
    const running = this.#fronts.get(front.id);
    if (running?.place === placeOf(front)) {
      running.server.update(front);
      return;
    }
    await this.#remove(front.id);
    await this.#open(front);
  }

  async #open(front: Front): Promise<void> {
    const server = new FrontServer(this.#clock, this.#carried);
    server.update(front);
    try {
      const port = await server.listen(front);
      this.#fronts.set(front.id, { server, place: placeOf(front) });
      this.#send({ kind: "bound", id: front.id, port });
    } catch (error) {
      this.#send({ kind: "bind-failed", id: front.id, message: KwasmError.from(error, "listen").message });
    }
  }

  async #remove(id: string): Promise<void> {
    const running = this.#fronts.get(id);
    this.#fronts.delete(id);
    await running?.server.close();
  }
}

function placeOf(front: Front): string {
  return `${front.address} ${front.ports.join(" ")}`;
}
