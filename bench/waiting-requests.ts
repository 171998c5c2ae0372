import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { compileComponent, httpServiceDefaults, listenerFromFd, serveComponent } from "../src/engine/index.ts";
import { openListener } from "../src/node/syscall/listener.ts";
import { fetchJco, runJco } from "./measure/jco.ts";
import { printReport, type Row } from "./measure/report.ts";

/**
 * What requests cost that wait in an instance each of a component of WASI 0.3, and their clients in the same process,
 * beside a server of node:http that holds as many.
 */
const { values } = parseArgs({
  options: { requests: { type: "string", default: "1000" }, json: { type: "boolean" } },
});

/** Of one instance. */
const MEMORY_BYTES = 65_536;
const SECONDS = 5;

/** A server whose requests wait, and how many it has. */
interface WaitingServer extends AsyncDisposable {
  readonly port: number;
  readonly count: () => number;
}

async function serveGuests(component: string, requests: number): Promise<WaitingServer> {
  const memoryBytesMax = requests * MEMORY_BYTES;
  const plan = await compileComponent(readFileSync(component), { memoryBytesMax });
  const { fd, port } = openListener({ address: "127.0.0.1", port: 0 });
  const guest = await serveComponent(plan, {
    memoryBytesMax,
    listeners: [listenerFromFd(fd)],
    http: { ...httpServiceDefaults, concurrencyMax: requests, answerMsMax: 600_000 },
  });
  return {
    port,
    count: () => guest.memoryBytes() / MEMORY_BYTES,
    async [Symbol.asyncDispose]() {
      guest.kill("the measurement is over");
      await guest.ended;
    },
  };
}

async function serveByNode(): Promise<WaitingServer> {
  let count = 0;
  const server = createServer(() => (count += 1));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function measure(server: WaitingServer, requests: number): Promise<Row["figures"]> {
  const before = process.memoryUsage.rss();
  const clients: Socket[] = [];
  for (let index = 0; index < requests; index++) {
    const client = connect({ port: server.port, host: "127.0.0.1" });
    client.on("error", () => undefined).write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    clients.push(client);
    // Not all at once: the kernel's queue of connections is shorter.
    while (server.count() < index - 100) await breathe();
  }
  while (server.count() < requests) await breathe();
  await sleep(1_000);
  const cpu = process.cpuUsage();
  await sleep(SECONDS * 1_000);
  const { user, system } = process.cpuUsage(cpu);
  const more = process.memoryUsage.rss() - before;
  for (const client of clients) client.destroy();
  return { [`CPU ms in ${SECONDS} s`]: (user + system) / 1e3, "more RSS a request, kB": more / 1e3 / requests };
}

async function main(): Promise<void> {
  const folder = fetchJco();
  const component = join(folder, "wait-p3.wasm");
  runJco(folder, "parse", join(import.meta.dirname, "guests/wait-p3.wat"), "-o", component);
  const requests = Number(values.requests);
  await using guests = await serveGuests(component, requests);
  const ours = await measure(guests, requests);
  await using node = await serveByNode();
  printReport({
    bench: "waiting-requests",
    notes: ["clients are in the same process; each instance has a memory of 64 KiB of its own"],
    rows: [
      { what: `${requests} requests that wait in instances of their own`, figures: ours },
      { what: `${requests} requests that wait in node:http`, figures: await measure(node, requests) },
    ],
  });
}

await main();
