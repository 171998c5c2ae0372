import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { type Clock, KwasmError } from "#base";
import type { Front } from "./balancer-messages.ts";
import type { CarriedConnections } from "./carried-connections.ts";
import { TargetChooser } from "./choose-target.ts";
import { forwardConnection } from "./forward-connection.ts";

/** Connections one front carries at a time; each holds two descriptors and some 20 kB of buffers. */
const FRONT_CONNECTIONS_MAX = 10_000;

/** The listening socket of one front with the connections it carries. */
export class FrontServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #chooser = new TargetChooser();
  readonly #clients = new Set<Socket>();
  readonly #clock: Clock;
  readonly #carried: CarriedConnections;

  constructor(clock: Clock, carried: CarriedConnections) {
    this.#clock = clock;
    this.#carried = carried;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void this.#serve(client));
    this.#server.maxConnections = FRONT_CONNECTIONS_MAX;
  }

  /** Takes the first port of the list that can be bound and returns it. Throws when none can. */
  async listen(front: Front): Promise<number> {
    let failure: unknown;
    for (const port of front.ports) {
      try {
        this.#server.listen({ host: front.address, port, exclusive: true });
        await once(this.#server, "listening");
        return portOf(this.#server);
      } catch (error) {
        failure = error;
      }
    }
    throw KwasmError.from(
      failure,
      `listen for "${front.id}" on "${front.address}" at ports "${front.ports.join(", ")}"`,
    );
  }

  /** Applies to new connections; those that run stay where they are, as with a cluster's proxy. */
  update(front: Front): void {
    this.#chooser.replace(front.targets, front.affinityTimeoutMs);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const client of this.#clients) client.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(client: Socket): Promise<void> {
    this.#clients.add(client);
    client.once("close", () => this.#clients.delete(client));
    const address = client.remoteAddress ?? "";
    const order = this.#chooser.orderFor(address, this.#clock.nowMs());
    const taken = await forwardConnection(client, order, this.#carried);
    if (taken !== undefined) this.#chooser.remember(address, taken, this.#clock.nowMs());
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new KwasmError("internal", "read the port of a listener: it has none");
  }
  return address.port;
}
