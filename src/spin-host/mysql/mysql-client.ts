import { once } from "node:events";
import type { Socket } from "node:net";
import { type Connection, createConnection, type FieldPacket } from "mysql2";
import { AnswerBytes } from "../outbound/answer-bytes.ts";
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
  readonly #waiting = new Set<PromiseWithResolvers<MysqlResult>>();
  #failure: OutboundError | undefined;

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
    connection.on("error", ({ message }: Error) => this.#fail(message));
    socket.once("close", () => this.#fail("connection closed"));
  }

  /** Rejects with the server's error, with a `ValueError`, or with why the connection ended. */
  query(statement: string, parameters: readonly MysqlParameter[]): Promise<MysqlResult> {
    return this.#run(statement, parameters, true);
  }

  /** As `query`, whatever rows there may be. */
  async execute(statement: string, parameters: readonly MysqlParameter[]): Promise<void> {
    await this.#run(statement, parameters, false);
  }

  /** Idempotent. */
  close(): void {
    this.#socket.destroy();
  }

  async #run(sql: string, parameters: readonly MysqlParameter[], isQuery: boolean): Promise<MysqlResult> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiting.size >= outboundLimits.callsMax || this.#socket.writableLength > outboundLimits.unsentBytesMax) {
      throw new OutboundError("failed", "too many statements of this connection wait");
    }
    const done = Promise.withResolvers<MysqlResult>();
    this.#waiting.add(done);
    const answer = new Answer(isQuery);
    this.#connection
      .execute({ sql, values: parameters.map(writeParameter) })
      .on("fields", (fields: readonly FieldPacket[] | undefined) => answer.begin(fields ?? []))
      .on("result", (row: unknown) => answer.add(row))
      .on("error", (error: Error) => done.reject(error))
      .on("end", () => answer.settle(done));
    try {
      return await done.promise;
    } finally {
      this.#waiting.delete(done);
      answer.close();
      // What comes from here on is the next answer.
      bytesOf.get(this.#socket)?.clear();
    }
  }

  #fail(message: string): void {
    this.#failure ??= new OutboundError("failed", message);
    for (const { reject } of this.#waiting) reject(this.#failure);
  }
}

/** What comes back, row by row. What it throws ends the connection. */
class Answer {
  readonly #isQuery: boolean;
  readonly #bytes = new AnswerBytes();
  readonly #rows: (readonly MysqlValue[])[] = [];
  #fields: readonly FieldPacket[] = [];
  #failure: Error | undefined;

  constructor(isQuery: boolean) {
    this.#isQuery = isQuery;
  }

  begin(fields: readonly FieldPacket[]): void {
    this.#fields = fields;
  }

  /** A statement without rows answers with their number instead. */
  add(row: unknown): void {
    if (!this.#isQuery || !Array.isArray(row) || this.#failure !== undefined) return;
    // Rows are arrays by our settings.
    const cells = row as readonly MysqlCell[];
    this.#bytes.add(cells.reduce<number>((sum, cell) => sum + outboundLimits.valueBytes + sizeOf(cell), 0));
    try {
      this.#rows.push(this.#fields.map((field, at) => readValue(cells[at], field)));
    } catch (thrown) {
      this.#failure = thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  }

  settle({ resolve, reject }: PromiseWithResolvers<MysqlResult>): void {
    const columns = this.#fields.map((field) => ({ name: field.name, "data-type": typeOfColumn(field) }));
    if (this.#failure === undefined) resolve({ columns, rows: this.#rows });
    else reject(this.#failure);
  }

  close(): void {
    this.#bytes.clear();
  }
}

function sizeOf(cell: MysqlCell): number {
  return typeof cell === "object" ? (cell?.length ?? 0) : String(cell).length;
}

/** Bytes of the answer that is under way. */
const bytesOf = new WeakMap<Socket, AnswerBytes>();

/** A socket whose answers have an end, and whose reader may fail: it reads what any server sends, and fails as it can. */
function guarded(socket: Socket): Socket {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  const bytes = new AnswerBytes();
  bytesOf.set(socket, bytes);
  socket.once("close", () => bytes.clear());
  function emitGuarded(event: string | symbol, ...values: unknown[]): boolean {
    if (event !== "data") return emit(event, ...values);
    if (socket.destroyed) return true;
    const [chunk] = values;
    try {
      bytes.add(chunk instanceof Buffer ? chunk.length : 0);
      return emit(event, ...values);
    } catch (thrown) {
      socket.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
      return true;
    }
  }
  return Object.assign(socket, { emit: emitGuarded });
}
