import { once } from "node:events";
import type { Socket } from "node:net";
import Client from "pg/lib/client.js";
import { outboundLimits } from "../outbound/limits.ts";
import { OutboundError, type OutboundSockets, secured } from "../outbound/outbound-sockets.ts";
import { BinaryConnection } from "./binary-connection.ts";
import type { PostgresAddress, PostgresHost } from "./connection-string.ts";
import { columnsOf, Statement, type StatementText, unnamedTypes } from "./statement.ts";
import type { PostgresResult } from "./value.ts";

/** How a connection is opened. */
export interface PostgresOptions {
  readonly address: PostgresAddress;
  readonly sockets: OutboundSockets;
  /** A certificate that signs the server's, in PEM; left out, the machine's own authorities do. */
  readonly authority?: string | undefined;
}

/** A connection to PostgreSQL: statements are run one after the other. */
export class PostgresClient {
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #typeNames = new Map<number, string>();
  #waiting = 0;

  /** Rejects with an `OutboundError`. */
  static async connect(options: PostgresOptions): Promise<PostgresClient> {
    let failure = new OutboundError("failed", "there is no host");
    for (const host of options.address.hosts) {
      try {
        return await connectTo(host, options);
      } catch (thrown) {
        failure = failureOf(thrown);
        if (failure.kind !== "failed") break;
      }
    }
    throw failure;
  }

  constructor(client: Client, socket: Socket) {
    this.#client = client;
    this.#socket = socket;
  }

  /** Rejects with the server's error, with a `ValueError`, or with why the connection ended. */
  async run(text: StatementText): Promise<PostgresResult> {
    const { fields, ...result } = await this.#submit(text);
    const unnamed = unnamedTypes(fields, this.#typeNames);
    if (unnamed.length > 0) await this.#learn(unnamed);
    return { ...result, columns: columnsOf(fields, this.#typeNames) };
  }

  /** Idempotent. */
  close(): void {
    this.#socket.destroy();
  }

  async #submit(text: StatementText): Promise<Awaited<Statement["done"]>> {
    if (this.#socket.destroyed) throw new OutboundError("failed", "connection closed");
    if (this.#waiting >= outboundLimits.callsMax || this.#socket.writableLength > outboundLimits.unsentBytesMax) {
      throw new OutboundError("failed", "too many statements of this connection wait");
    }
    const statement = new Statement(text);
    this.#waiting += 1;
    try {
      this.#client.query(statement);
      return await statement.done;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Asks what types are called that components do not know. */
  async #learn(oids: readonly number[]): Promise<void> {
    const { rows } = await this.#submit({
      text: "SELECT oid::int8, typname::text FROM pg_catalog.pg_type WHERE oid::int8 = ANY($1::int8[])",
      values: [`{${oids.join(",")}}`],
      isQuery: true,
    });
    for (const [oid, name] of rows) this.#typeNames.set(Number(oid?.value), String(name?.value));
  }
}

async function connectTo(
  { host, port }: PostgresHost,
  { address, sockets, authority }: PostgresOptions,
): Promise<PostgresClient> {
  const plain = await sockets.open({ scheme: "postgres", host, port });
  try {
    const socket = address.tls === "disable" ? plain : await negotiate(plain, host, { tls: address.tls, authority });
    const client = new Client({
      connection: new BinaryConnection(socket),
      user: address.user,
      // A function, since it looks for passwords in files and in the environment where it is given none.
      password: () => address.password,
      database: address.database,
      host,
      port,
      client_encoding: "UTF8",
      ssl: false,
      pipeline: false,
    });
    // Given so, what is empty is not looked for in the environment.
    const { options, applicationName: application_name } = address;
    Object.assign(client.connectionParameters, { options, application_name });
    // Whoever waits for an answer is told too.
    client.on("error", () => undefined);
    await client.connect();
    return new PostgresClient(client, plain);
  } catch (thrown) {
    plain.destroy();
    throw thrown;
  }
}

/** `SSLRequest`, which is answered by one letter. */
const tlsRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

async function negotiate(
  plain: Socket,
  host: string,
  { tls, authority }: { readonly tls: PostgresAddress["tls"]; readonly authority: string | undefined },
): Promise<Socket> {
  plain.write(tlsRequest);
  const letter = await oneByte(plain);
  if (letter === "S") return secured(plain, host, authority === undefined ? {} : { ca: [authority] });
  if (letter === "N" && tls === "prefer") return plain;
  throw new OutboundError("failed", "error performing TLS handshake: server does not support TLS");
}

/** Reads exactly one, so that nothing that is not encrypted is taken for what comes after. */
async function oneByte(socket: Socket): Promise<string> {
  for (;;) {
    const byte: unknown = socket.read(1);
    if (byte instanceof Buffer) {
      if (socket.readableLength > 0) {
        throw new OutboundError("failed", "error performing TLS handshake: unexpected data");
      }
      return byte.toString("latin1");
    }
    if (socket.destroyed || socket.readableEnded) throw new OutboundError("failed", "the connection was closed");
    await once(socket, "readable");
  }
}

function failureOf(thrown: unknown): OutboundError {
  if (thrown instanceof OutboundError) return thrown;
  return new OutboundError("failed", thrown instanceof Error ? thrown.message : String(thrown));
}
