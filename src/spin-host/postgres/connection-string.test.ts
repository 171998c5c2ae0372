import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ConnectionStringError, parseConnectionString, type PostgresAddress } from "./connection-string.ts";

const plain: PostgresAddress = {
  hosts: [{ host: "db", port: 5432 }],
  user: "ada",
  password: "",
  database: "ada",
  tls: "prefer",
  options: "",
  applicationName: "",
};

function check(text: string, expected: Partial<PostgresAddress>): void {
  test(`${text} is an address`, () => {
    assert.deepEqual(parseConnectionString(text), { ...plain, ...expected });
  });
}

check("postgres://ada@db", {});
check("postgresql://ada:p%40ss@db:7000/shop?sslmode=disable", {
  hosts: [{ host: "db", port: 7000 }],
  password: "p@ss",
  database: "shop",
  tls: "disable",
});
check("postgres://ada@[::1]:7000/", { hosts: [{ host: "::1", port: 7000 }] });
check("postgres://ada@a:1,b:2", {
  hosts: [
    { host: "a", port: 1 },
    { host: "b", port: 2 },
  ],
});
check("postgres://db?user=ada&application_name=a%20b&connect_timeout=5", { applicationName: "a b" });
check("host=db user=ada", {});
check("host=db user = ada password='it\\'s \\\\' dbname=shop options='-c a=b' sslmode=require", {
  password: "it's \\",
  database: "shop",
  options: "-c a=b",
  tls: "require",
});
check("host=a,b port=7000 user=ada", {
  hosts: [
    { host: "a", port: 7000 },
    { host: "b", port: 7000 },
  ],
});

function checkRefused(text: string, message: RegExp): void {
  test(`${text.slice(0, 60)} is refused`, () => {
    assert.throws(() => parseConnectionString(text), { message });
  });
}

checkRefused("postgres://db", /user missing/);
checkRefused("user=ada", /host missing/);
checkRefused("nonsense", /unexpected EOF/);
checkRefused("host=/run/postgresql user=ada", /Unix sockets/);
checkRefused("postgres://ada@%2Frun%2Fpostgresql", /Unix sockets/);
checkRefused("postgres://ada@db?sslrootcert=/etc/passwd", /unknown option `sslrootcert`/);
checkRefused("postgres://ada@db?sslmode=maybe", /sslmode/);
checkRefused("postgres://ada@db:99999", /port/);
checkRefused("postgres://ada@a,b,c?port=1,2", /number of ports/);
checkRefused("postgres://%zz@db", /percent/);
checkRefused(`postgres://ada@${"d".repeat(5_000)}`, /too long/);

test("any text is read or refused, and nothing else happens", () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^(postgres:\/\/)?[a@:/?=&%' \\,]{0,30}$/));
  fc.assert(
    fc.property(text, (input) => {
      try {
        parseConnectionString(input);
      } catch (error) {
        assert.ok(error instanceof ConnectionStringError);
      }
    }),
  );
});
