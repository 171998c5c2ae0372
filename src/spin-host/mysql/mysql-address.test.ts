import assert from "node:assert/strict";
import { test } from "node:test";
import { type MysqlAddress, parseMysqlAddress } from "./mysql-address.ts";

const plain: MysqlAddress = {
  scheme: "mysql",
  host: "db",
  port: 3306,
  user: "",
  password: "",
  database: "",
  isSecured: false,
};

function check(text: string, expected: Partial<MysqlAddress> | string): void {
  test(`${text.slice(0, 60)} is ${typeof expected === "string" ? "refused" : "an address"}`, () => {
    assert.deepEqual(parseMysqlAddress(text), typeof expected === "string" ? expected : { ...plain, ...expected });
  });
}

check("mysql://db", {});
check("mysql://ada:p%40ss@db:7000/shop", { user: "ada", password: "p@ss", port: 7000, database: "shop" });
check("mysql://[::1]/shop", { host: "::1", database: "shop" });
check("mysql://db?ssl-mode=DISABLED&pool_max=10", {});
check("mysql://db?SsLmOdE=VERIFY_CA", { isSecured: true });
check("mysql://db?infile=/etc/passwd", "unknown URL parameter `infile'");
check("postgres://db", "URL scheme `postgres' is not supported");
check("db", "invalid address");
check("mysql://%zz@db", "invalid address");
check(`mysql://${"d".repeat(5_000)}`, "invalid address");
