import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** The servers that tests ask for, by the kind of the precondition, with the port that a manifest calls them by. */
const kinds: Readonly<Record<string, { readonly port: string; readonly create: () => Server }>> = {
  "http-echo": {
    port: "80",
    create: () =>
      createHttpServer((request, response) => {
        response.setHeader("content-type", "text/plain");
        request.pipe(response);
      }),
  },
  "tcp-echo": { port: "7", create: () => createServer((socket) => socket.pipe(socket)) },
};

/** What is there without a server. */
const builtIn: ReadonlySet<string> = new Set(["key-value-store", "sqlite"]);

/** The first of the preconditions for which nothing can be started here. */
export function findUnmet(preconditions: readonly { readonly kind: string }[]): string | undefined {
  return preconditions.find(({ kind }) => !builtIn.has(kind) && !Object.hasOwn(kinds, kind))?.kind;
}

/** The servers of one test. */
export class TestServers implements AsyncDisposable {
  /** Ports of this machine, by those that a manifest names. */
  readonly ports = new Map<string, string>();
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  static async start(preconditions: readonly { readonly kind: string }[]): Promise<TestServers> {
    const servers = new TestServers();
    for (const { kind } of preconditions) await servers.#start(kind);
    return servers;
  }

  async #start(kind: string): Promise<void> {
    const known = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (known === undefined) return;
    const server = known.create();
    server.on("connection", (socket) => this.#sockets.add(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#servers.push(server);
    // A server on a port has an address of this kind.
    this.ports.set(known.port, String((server.address() as AddressInfo).port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
