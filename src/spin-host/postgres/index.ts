export { ConnectionStringError, parseConnectionString } from "./connection-string.ts";
export { PostgresClient } from "./postgres-client.ts";
export { type QueryError, queryErrorOf, refusalOfAuthority } from "./postgres-failure.ts";
export type { PostgresResult, PostgresType, PostgresValue } from "./value.ts";
export { ParameterError, type PostgresParameter, writeParameter } from "./write-parameter.ts";
