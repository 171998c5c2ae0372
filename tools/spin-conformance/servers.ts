import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { readdirSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

import { commandOf } from "../../e2e/spin-data/data-server.ts";
import { startMqtt } from "../../e2e/spin-data/mqtt-server.ts";
import { postgresProgram, postgresUser, startPostgres } from "../../e2e/spin-data/postgres-server.ts";
import { startRedis } from "../../e2e/spin-data/redis-server.ts";

const run = promisify(execFile);

interface StartedServer extends AsyncDisposable {
  readonly port: number;
}

/** A server that tests ask for: the port that manifests call it by, and how it is started. */
interface ServerKind {
  readonly port: string;
  /** `suite` is the suite's folder. */
  readonly start: (suite: string) => Promise<StartedServer>;
}

/** By the kind of the precondition. */
const kinds: Readonly<Record<string, ServerKind>> = {
  "http-echo": {
    port: "80",
    start: () =>
      listen(
        createHttpServer((request, response) => {
          response.setHeader("content-type", "text/plain");
          request.pipe(response);
        }),
      ),
  },
  "tcp-echo": { port: "7", start: () => listen(createServer((socket) => socket.pipe(socket))) },
  mqtt: { port: "1883", start: () => startMqtt({ takesEverybody: true }) },
  redis: { port: "6379", start: () => startRedis() },
  postgres: { port: "5432", start: startFilledPostgres },
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
  readonly #stack = new AsyncDisposableStack();

  static async start(preconditions: readonly { readonly kind: string }[], suite: string): Promise<TestServers> {
    const servers = new TestServers();
    for (const { kind } of preconditions) {
      const known = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
      if (known === undefined) continue;
      const { port } = servers.#stack.use(await known.start(suite));
      servers.ports.set(known.port, String(port));
    }
    return servers;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

async function listen(server: Server): Promise<StartedServer> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    // A server on a port has an address of this kind.
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Debian's PostgreSQL with the user and the tables of the suite's image, which has no certificate. */
async function startFilledPostgres(suite: string): Promise<StartedServer> {
  const server = await startPostgres("ssl=off");
  const psql = async (database: string, user: string, ...words: readonly string[]): Promise<void> => {
    const place = ["-h", "127.0.0.1", "-p", String(server.port), "-U", user, "-d", database];
    const [program = "", ...rest] = await commandOf(postgresProgram, [
      "usr/lib/postgresql/15/bin/psql",
      ...place,
      "-v",
      "ON_ERROR_STOP=1",
      ...words,
    ]);
    const password = user === postgresUser.name ? postgresUser.password : "postgres";
    await run(program, rest, { env: { ...process.env, PGPASSWORD: password } });
  };
  await psql("postgres", postgresUser.name, "-c", "CREATE ROLE postgres SUPERUSER LOGIN PASSWORD 'postgres'");
  await psql("postgres", postgresUser.name, "-c", "CREATE DATABASE spin_dev OWNER postgres");
  const scripts = join(suite, "crates/test-environment/services/postgres-init");
  for (const name of readdirSync(scripts).toSorted()) await psql("spin_dev", "postgres", "-f", join(scripts, name));
  return server;
}
