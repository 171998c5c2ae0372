import { CancellableAnswer, type HostInterface, type HostTools } from "#engine";
import type { MysqlClient, MysqlParameter, MysqlResult } from "../mysql/index.ts";
import { outboundLimits } from "../outbound/limits.ts";
import { OutboundError, type OutboundSockets } from "../outbound/outbound-sockets.ts";
import { type Answer, err, ok } from "./answer.ts";

type Parameters = readonly MysqlParameter[];

const connection = { drop: (client: MysqlClient) => client.close() };

/** `fermyon:spin/mysql@2.0.0`. */
export function mysqlInterface(sockets: OutboundSockets, { waiting }: HostTools): HostInterface {
  return {
    functions: {
      "[static]connection.open": waiting((address: string) => open(address, sockets)),
      "[method]connection.query": waiting(query),
      "[method]connection.execute": waiting(execute),
    },
    resources: { connection },
  };
}

/** `spin:mysql/mysql@3.0.0`: the same for those who may wait, with rows as a stream. */
export function asyncMysqlInterface(sockets: OutboundSockets): HostInterface {
  return {
    functions: {
      "[static]connection.open": (address: string) => cancellable(open(address, sockets)),
      "[method]connection.query": (client: MysqlClient, statement: string, parameters: Parameters) =>
        cancellable(queryStreaming(client, statement, parameters)),
      "[method]connection.execute": (client: MysqlClient, statement: string, parameters: Parameters) =>
        cancellable(execute(client, statement, parameters)),
    },
    resources: { connection },
  };
}

/** `fermyon:spin/mysql` of Spin 1: a connection a call, and a longer name for `other`. */
export function unversionedMysqlInterface(sockets: OutboundSockets, { waiting }: HostTools): HostInterface {
  const once =
    (call: typeof query) =>
    async (address: string, statement: string, parameters: Parameters): Promise<Answer> => {
      const opened = await open(address, sockets);
      if (opened.tag === "err") return opened;
      // What `open` answers with where it went well.
      const client = opened.value as MysqlClient;
      const answer = await call(client, statement, parameters);
      client.close();
      const isOther = answer.tag === "err" && answer.value.tag === "other";
      return isOther ? err("other-error", answer.value.value) : answer;
    };
  return { functions: { query: waiting(once(query)), execute: waiting(once(execute)) }, resources: {} };
}

/** Only an application that uses MySQL needs its client. */
const load = () => import("../mysql/index.ts");

async function open(text: string, sockets: OutboundSockets): Promise<Answer> {
  const { MysqlClient: Client, parseMysqlAddress } = await load();
  const address = parseMysqlAddress(text);
  if (typeof address === "string") return err("connection-failed", address);
  try {
    return ok(await Client.connect(address, sockets));
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    return err("connection-failed", error.message);
  }
}

async function query(client: MysqlClient, statement: string, parameters: Parameters): Promise<Answer> {
  return run(statement, () => client.query(statement, parameters));
}

async function execute(client: MysqlClient, statement: string, parameters: Parameters): Promise<Answer> {
  return run(statement, () => client.execute(statement, parameters));
}

/** The rows are there when the answer is, and come as a stream that ends well. */
async function queryStreaming(client: MysqlClient, statement: string, parameters: Parameters): Promise<Answer> {
  const answer = await query(client, statement, parameters);
  if (answer.tag === "err") return answer;
  // What `query` answers with where it went well.
  const { columns, rows } = answer.value as MysqlResult;
  async function* stream(): AsyncGenerator<MysqlResult["rows"]> {
    if (rows.length > 0) yield rows;
  }
  return ok([columns, stream(), { future: Promise.resolve(ok()) }]);
}

async function run(statement: string, work: () => Promise<MysqlResult | void>): Promise<Answer> {
  const { ValueError } = await load();
  if (statement.length > outboundLimits.statementLengthMax) return err("query-failed", "the statement is too long");
  try {
    return ok(await work());
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return err(error instanceof ValueError ? "value-conversion-failed" : "query-failed", message);
  }
}

/** What is under way when its guest loses interest comes to its end. */
function cancellable(answer: Promise<Answer>): CancellableAnswer {
  return new CancellableAnswer(answer, () => undefined);
}
