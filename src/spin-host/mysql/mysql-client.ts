import { once } from "node:events";
import type { Socket } from "node:net";
import { type Connection, createConnection, type FieldPacket } from "mysql2";
import { outboundLimits } from "../outbound/limits.ts";
import { OutboundError, type OutboundSockets } from "../outbound/outbound-sockets.ts";
import type { MysqlAddress } from "./mysql-address.ts";
import {
  type MysqlCell,
  type MysqlParameter,
  type MysqlValue,
  readValue,
  typeOfColumn,
  writeParameter,
} from "./mysql-values.ts";

/** Statements of one connection that the server keeps prepared. */
const preparedMax = 64;

/** What a statement answered with. */
export interface MysqlResult {
  readonly columns: readonly { readonly name: string; readonly "data-type": string }[];
  readonly rows: readonly (readonly MysqlValue[])[];
}

/** A connection to MySQL: statements are prepared and run one after the other. */
export class MysqlClient {
  readonly #connection: Connection;
  readonly #socket: Socket;
  #waiting = 0;

  /** Rejects with an `OutboundError`. */
  static async connect(address: MysqlAddress, sockets: OutboundSockets): Promise<MysqlClient> {
    if (address.isSecured) throw new OutboundError("failed", "TLS is not spoken to MySQL; use ssl-mode=DISABLED");
    const socket = await sockets.open(address);
    const { user, password, database } = address;
    const connection = createConnection({
      stream: guarded(socket),
      user,
      password,
      database,
      charset: "utf8mb4",
      // Else it makes functions of what a server calls its columns.
      disableEval: true,
      rowsAsArray: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      jsonStrings: true,
      flags: ["-LOCAL_FILES"],
      maxPreparedStatements: preparedMax,
    });
    socket.resume();
    try {
      await once(connection, "connect");
      // Whoever waits for an answer is told too.
      connection.on("error", () => undefined);
      return new MysqlClient(connection, socket);
    } catch (thrown) {
      connection.on("error", () => undefined);
      socket.destroy();
      throw new OutboundError("failed", thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  private constructor(connection: Connection, socket: Socket) {
    this.#connection = connection;
    this.#socket = socket;
  }

  /** Rejects with the server's error, with a `ValueError`, or with why the connection ended. */
  async query(statement: string, parameters: readonly MysqlParameter[]): Promise<MysqlResult> {
    const { rows, fields } = await this.#run(statement, parameters);
    return resultOf(rows, fields);
  }

  /** As `query`, whatever rows there may be. */
  async execute(statement: string, parameters: readonly MysqlParameter[]): Promise<void> {
    await this.#run(statement, parameters);
  }

  async #run(statement: string, parameters: readonly MysqlParameter[]): Promise<RawResult> {
    if (this.#socket.destroyed) throw new OutboundError("failed", "connection closed");
    if (this.#waiting >= outboundLimits.callsMax || this.#socket.writableLength > outboundLimits.unsentBytesMax) {
      throw new OutboundError("failed", "too many statements of this connection wait");
    }
    this.#waiting += 1;
    try {
      return await this.#execute(statement, parameters.map(writeParameter));
    } finally {
      this.#waiting -= 1;
      // What comes from here on is the next answer.
      readBytes.set(this.#socket, 0);
    }
  }

  /** Idempotent. */
  close(): void {
    this.#socket.destroy();
  }

  #execute(sql: string, values: unknown[]): Promise<RawResult> {
    const done = Promise.withResolvers<RawResult>();
    this.#connection.execute({ sql, values }, (error, rows: unknown, fields: FieldPacket[] | undefined) => {
      if (error === null) done.resolve({ rows, fields: fields ?? [] });
      else done.reject(error);
    });
    return done.promise;
  }
}

interface RawResult {
  readonly rows: unknown;
  readonly fields: readonly FieldPacket[];
}

/** A statement without rows answers with their number instead. */
function resultOf(rows: unknown, fields: readonly FieldPacket[]): MysqlResult {
  // Rows are arrays by our settings.
  const lists = Array.isArray(rows) ? (rows as readonly (readonly MysqlCell[])[]) : [];
  return {
    columns: fields.map((field) => ({ name: field.name, "data-type": typeOfColumn(field) })),
    rows: lists.map((row) => fields.map((field, at) => readValue(row[at], field))),
  };
}

/** Bytes of the answer that is under way. */
const readBytes = new WeakMap<Socket, number>();

/** A socket whose answers have an end, and whose reader may fail: it reads what any server sends, and fails as it can. */
function guarded(socket: Socket): Socket {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  function emitGuarded(event: string | symbol, ...values: unknown[]): boolean {
    if (event !== "data") return emit(event, ...values);
    if (socket.destroyed) return true;
    const [chunk] = values;
    const bytes = (readBytes.get(socket) ?? 0) + (chunk instanceof Buffer ? chunk.length : 0);
    readBytes.set(socket, bytes);
    try {
      if (bytes <= outboundLimits.answerBytesMax) return emit(event, ...values);
      throw new Error(`query result exceeds limit of ${outboundLimits.answerBytesMax} bytes`);
    } catch (thrown) {
      socket.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
      return true;
    }
  }
  return Object.assign(socket, { emit: emitGuarded });
}
