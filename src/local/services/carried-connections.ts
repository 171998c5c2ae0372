import type { Socket } from "node:net";

/**
 * How long an answered connection stays silent before it counts as between two requests. An answer that comes in parts
 * has shorter pauses; a client that speaks more than once waits longer anyway.
 */
const REST_MS = 100;

/** The connections that the balancer carries, by the address of the pod behind them. */
export class CarriedConnections {
  readonly #byAddress = new Map<string, Set<CarriedConnection>>();

  /** To be called before the pod is connected to, so that no drain overlooks what is on its way. */
  open(address: string): CarriedConnection {
    const those = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, those);
    const connection = new CarriedConnection(() => {
      those.delete(connection);
      if (those.size === 0) this.#byAddress.delete(address);
    });
    those.add(connection);
    return connection;
  }

  /**
   * Ends the connections to a pod that is going, each when its exchange is over, and resolves when none is left. The
   * pod must take no new ones by then. It waits for as long as an answer takes: the caller bounds it.
   */
  async drain(address: string): Promise<void> {
    await Promise.all([...(this.#byAddress.get(address) ?? [])].map((connection) => connection.drain()));
  }
}

/** One connection from a client to a pod: from the attempt to connect to the end of both sides. */
class CarriedConnection {
  readonly #forget: () => void;
  readonly #over = Promise.withResolvers<void>();
  #sides: { readonly client: Socket; readonly upstream: Socket } | undefined;
  #hasClientSpokenLast = false;
  #isDraining = false;
  #rest: NodeJS.Timeout | undefined;

  constructor(forget: () => void) {
    this.#forget = forget;
  }

  /** The pod has accepted. */
  carry(client: Socket, upstream: Socket): void {
    this.#sides = { client, upstream };
    client.on("data", () => this.#noteSpoken(true));
    upstream.on("data", () => this.#noteSpoken(false));
    upstream.once("close", () => this.close());
    if (this.#isDraining) this.#waitForRest();
  }

  /** Idempotent. */
  close(): void {
    clearTimeout(this.#rest);
    this.#forget();
    this.#over.resolve();
  }

  drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#sides !== undefined) this.#waitForRest();
    return this.#over.promise;
  }

  #noteSpoken(isClient: boolean): void {
    this.#hasClientSpokenLast = isClient;
    if (this.#isDraining) this.#waitForRest();
  }

  /** A client that spoke last waits for an answer; each word starts the silence anew. */
  #waitForRest(): void {
    clearTimeout(this.#rest);
    if (!this.#hasClientSpokenLast) this.#rest = setTimeout(() => this.#end(), REST_MS);
  }

  /** What was written still reaches both sides: it is over when the client's side is flushed. */
  #end(): void {
    this.#sides?.upstream.end();
    this.#sides?.client.end(() => this.close());
  }
}
