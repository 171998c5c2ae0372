import { CancellableAnswer, type HostInterface, type HostTools } from "#engine";
import { outboundLimits } from "../outbound/limits.ts";
import { OutboundError, type OutboundSockets } from "../outbound/outbound-sockets.ts";
import type { PostgresClient, PostgresParameter, PostgresResult, QueryError } from "../postgres/index.ts";
import { type Answer, err, ok } from "./answer.ts";
import { olderAnswer, unversionedAnswer, type ValueVersion } from "./postgres-versions.ts";

type Parameters = readonly PostgresParameter[];

/** How the answers of one version differ from those of 4.2, which everything is written in. */
type Adapt = (answer: Answer) => Answer;

/** What a connection is to be opened with. */
class Builder {
  readonly address: string;
  authority: string | undefined;

  constructor(address: string) {
    this.address = address;
  }
}

/** `fermyon:spin/postgres@2.0.0` and `spin:postgres/postgres@3.0.0`, which differ in what values there are. */
export function olderPostgresInterface(
  version: ValueVersion,
  sockets: OutboundSockets,
  { waiting }: HostTools,
): HostInterface {
  const adapt: Adapt = (answer) => olderAnswer(answer, version);
  return { functions: blockingFunctions(sockets, waiting, adapt), resources: { connection } };
}

/** `spin:postgres/postgres@4.2.0`. */
export function postgresInterface(sockets: OutboundSockets, { waiting }: HostTools): HostInterface {
  return {
    functions: {
      ...blockingFunctions(sockets, waiting, (answer) => answer),
      "[static]connection.open-async": (address: string) => cancellable(open(new Builder(address), sockets)),
      "[method]connection.query-async": (client: PostgresClient, statement: string, parameters: Parameters) =>
        cancellable(queryStreaming(client, statement, parameters)),
      "[method]connection.execute-async": (client: PostgresClient, statement: string, parameters: Parameters) =>
        cancellable(execute(client, statement, parameters)),
      "[constructor]connection-builder": (address: string) => new Builder(address),
      "[method]connection-builder.set-ca-root": waiting(setAuthority),
      "[method]connection-builder.build": waiting((builder: Builder) => open(builder, sockets)),
      "[method]connection-builder.build-async": (builder: Builder) => cancellable(open(builder, sockets)),
    },
    resources: { connection, "connection-builder": {} },
  };
}

/** `fermyon:spin/postgres` of Spin 1: a connection a call. */
export function unversionedPostgresInterface(sockets: OutboundSockets, { waiting }: HostTools): HostInterface {
  const once =
    (call: typeof query) =>
    async (address: string, statement: string, parameters: Parameters): Promise<object> => {
      const opened = await open(new Builder(address), sockets);
      if (opened.tag === "err") return unversionedAnswer(opened);
      // What `open` answers with where it went well.
      const client = opened.value as PostgresClient;
      const answer = await call(client, statement, parameters);
      client.close();
      return unversionedAnswer(answer);
    };
  return { functions: { query: waiting(once(query)), execute: waiting(once(execute)) }, resources: {} };
}

const connection = { drop: (client: PostgresClient) => client.close() };

function blockingFunctions(
  sockets: OutboundSockets,
  waiting: HostTools["waiting"],
  adapt: Adapt,
): HostInterface["functions"] {
  return {
    "[static]connection.open": waiting(async (address: string) => adapt(await open(new Builder(address), sockets))),
    "[method]connection.query": waiting(async (client: PostgresClient, statement: string, parameters: Parameters) =>
      adapt(await query(client, statement, parameters)),
    ),
    "[method]connection.execute": waiting(async (client: PostgresClient, statement: string, parameters: Parameters) =>
      adapt(await execute(client, statement, parameters)),
    ),
  };
}

/** Only an application that uses PostgreSQL needs its client. */
const load = () => import("../postgres/index.ts");

async function setAuthority(builder: Builder, certificate: string): Promise<Answer> {
  const { refusalOfAuthority } = await load();
  const refusal = refusalOfAuthority(certificate);
  if (refusal !== undefined) return err("other", `invalid root certificate: ${refusal}`);
  builder.authority = certificate;
  return ok();
}

async function open({ address: text, authority }: Builder, sockets: OutboundSockets): Promise<Answer> {
  const { parseConnectionString, PostgresClient: Client, ConnectionStringError } = await load();
  try {
    return ok(await Client.connect({ address: parseConnectionString(text), sockets, authority }));
  } catch (error) {
    if (error instanceof ConnectionStringError) return err("connection-failed", error.message);
    if (!(error instanceof OutboundError)) throw error;
    return err("connection-failed", error.message);
  }
}

async function query(client: PostgresClient, statement: string, parameters: Parameters): Promise<Answer> {
  const answer = await run(client, statement, { parameters, isQuery: true });
  if (answer.tag === "err") return answer;
  const { columns, rows } = answer.value;
  return ok({ columns: columns.map(({ name, type }) => ({ name, "data-type": type })), rows });
}

async function execute(client: PostgresClient, statement: string, parameters: Parameters): Promise<Answer> {
  const answer = await run(client, statement, { parameters, isQuery: false });
  return answer.tag === "err" ? answer : ok(answer.value.count);
}

/** The rows are there when the answer is, and come as a stream that ends well. */
async function queryStreaming(client: PostgresClient, statement: string, parameters: Parameters): Promise<Answer> {
  const answer = await query(client, statement, parameters);
  if (answer.tag === "err") return answer;
  // What `query` answers with where it went well.
  const { columns, rows } = answer.value as { readonly columns: unknown; readonly rows: readonly object[] };
  async function* stream(): AsyncGenerator<readonly object[]> {
    if (rows.length > 0) yield rows;
  }
  return ok([columns, stream(), { future: Promise.resolve(ok()) }]);
}

type Ran = { readonly tag: "ok"; readonly value: PostgresResult } | Extract<Answer, { readonly tag: "err" }>;

async function run(
  client: PostgresClient,
  text: string,
  { parameters, isQuery }: { readonly parameters: Parameters; readonly isQuery: boolean },
): Promise<Ran> {
  const { ParameterError, queryErrorOf, writeParameter } = await load();
  if (text.length > outboundLimits.statementLengthMax) {
    return failed({ tag: "text", value: "the statement is too long" });
  }
  try {
    const values = parameters.map(writeParameter);
    return { tag: "ok", value: await client.run({ text, values, isQuery }) };
  } catch (error) {
    if (!(error instanceof ParameterError)) return failed(queryErrorOf(error));
    // Spin calls the same mistake by two names.
    const name = isQuery && !error.isUnsigned ? "bad-parameter" : "value-conversion-failed";
    return { tag: "err", value: { tag: name, value: error.message } };
  }
}

function failed(error: QueryError): Ran {
  return { tag: "err", value: { tag: "query-failed", value: error } };
}

/** What is under way when its guest loses interest comes to its end. */
function cancellable(answer: Promise<Answer>): CancellableAnswer {
  return new CancellableAnswer(answer, () => undefined);
}
