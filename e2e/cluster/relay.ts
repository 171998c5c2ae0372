import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";

import type { Launcher } from "./server-process.ts";

/**
 * A port of the machine's loopback that leads to a port in the namespaces of a launcher: those have a network of their
 * own, but a Unix socket is reached from everywhere.
 */
export class Relay implements AsyncDisposable {
  readonly port: number;
  readonly #close: () => Promise<void>;

  static async start(launcher: Launcher, name: string, target: { host: string; port: number }): Promise<Relay> {
    const socket = join(launcher.directory, `${name}.sock`);
    const main = join(import.meta.dirname, "relay-main.ts");
    const command = [process.execPath, "--disable-warning=ExperimentalWarning", main];
    const inside = launcher.launch(`${name}-relay`, [...command, socket, target.host, String(target.port)]);
    const sockets = new Set<Socket>();
    const listener = createServer({ allowHalfOpen: true }, (client) => {
      const peer = connect({ path: socket, allowHalfOpen: true });
      client.pipe(peer).pipe(client);
      client.on("error", () => peer.destroy()).on("close", () => sockets.delete(client));
      peer.on("error", () => client.destroy());
      sockets.add(client);
    });
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    // An address is a text for Unix sockets only.
    const { port } = listener.address() as AddressInfo;
    return new Relay(port, async () => {
      listener.close();
      for (const client of sockets) client.destroy();
      await inside.kill("SIGKILL");
    });
  }

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
