export { parseMysqlAddress } from "./mysql-address.ts";
export { MysqlClient, type MysqlResult } from "./mysql-client.ts";
export { type MysqlParameter, ValueError } from "./mysql-values.ts";
