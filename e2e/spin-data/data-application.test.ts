import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { dataComponent } from "../../src/engine/component/testing/data-component.ts";
import { routingGuest } from "../../src/engine/component/testing/http-guests.ts";
import { httpComponent } from "../../src/engine/component/testing/http-component.ts";
import { storingComponent } from "../../src/engine/component/testing/storing-component.ts";
import { KwasmCommand } from "../command-fixture.ts";
import { answersOf } from "../spin-fixture.ts";
import { mysqlUser, startMysql } from "./mysql-server.ts";
import { postgresUser, startPostgres } from "./postgres-server.ts";
import { startRedis } from "./redis-server.ts";

const stack = new AsyncDisposableStack();
test.after(() => stack.disposeAsync());
const kwasm = stack.use(new KwasmCommand());
const redis = stack.use(await startRedis());
const postgres = stack.use(await startPostgres());
const mysql = stack.use(await startMysql());

const web = createServer((_request, response) => response.end("hello from the web")).listen(0, "127.0.0.1");
stack.defer(() => void web.close());
await once(web, "listening");
// A listening server has an address with a port.
const webPlace = `127.0.0.1:${(web.address() as AddressInfo).port}`;

const places = {
  redis: `redis://127.0.0.1:${redis.port}`,
  postgres: `postgres://127.0.0.1:${postgres.port}`,
  mysql: `mysql://127.0.0.1:${mysql.port}`,
  web: `http://${webPlace}`,
};

const { name, password } = postgresUser;
const postgresAddress = `${places.postgres.replace("://", `://${name}:{{ password }}@`)}/postgres?sslmode=disable`;
const mysqlAddress = `${places.mysql.replace("://", `://${mysqlUser.name}:${mysqlUser.password}@`)}/shop`;

/** An application whose components may ask `hosts` and open what has `labels`. */
function writeApplication(folder: string, hosts: readonly string[], labels: readonly string[]): string {
  const files = { data: dataComponent(), store: storingComponent(), web: httpComponent(routingGuest) };
  const routes = { data: "/...", store: "/count", web: `/o${webPlace}` };
  const components = Object.entries(files).map(([id, bytes]) => {
    kwasm.write(`${folder}/${id}.wasm`, bytes);
    return `[[trigger.http]]
route = "${routes[id as keyof typeof routes]}"
component = "${id}"
[component.${id}]
source = "${id}.wasm"
allowed_outbound_hosts = ${JSON.stringify(hosts)}
key_value_stores = ${JSON.stringify(labels)}
sqlite_databases = ${JSON.stringify(labels)}
variables = { redis = "${places.redis}", postgres = "${postgresAddress}", mysql = "${mysqlAddress}" }
`;
  });
  return kwasm.write(
    `${folder}/spin.toml`,
    `spin_manifest_version = 2
[application]
name = "${folder}"
[variables]
password = { secret = true, required = true }
${components.join("")}`,
  );
}

const paths = ["r", "p", "m", "s", "count", `o${webPlace}`];
const env = { SPIN_VARIABLE_PASSWORD: password };

test("an application uses key-value, SQLite, variables, requests, Redis, PostgreSQL and MySQL", async () => {
  const manifest = writeApplication("all", Object.values(places), ["default"]);
  const expected = ["hello from redis", ...Array<string>(3).fill("hello from SQL"), "1", "hello from the web"];
  assert.deepEqual(await answersOf(kwasm, manifest, paths, env), expected);
});

test("hosts, labels and statements that are denied give the errors that Spin's SDKs know", async () => {
  const denied = writeApplication("denied", [], []);
  // invalid-address, connection-failed twice, access-denied of SQLite and of key-value, and the fifteenth of HTTP, HTTP-request-denied.
  assert.deepEqual(await answersOf(kwasm, denied, paths, env), ["!0", "!0", "!0", "!1", "!2", "!?"]);
  const allowed = writeApplication("statements", Object.values(places), ["default"]);
  // query-failed of PostgreSQL, io of SQLite.
  assert.deepEqual(await answersOf(kwasm, allowed, ["q", "x"], env), ["!2", "!4"]);
});

test("a pod asks the same services", async () => {
  const manifest = writeApplication("pod", Object.values(places), ["default"]);
  const { stdout, stderr } = await kwasm.run(["up", "-d", manifest], { cwd: kwasm.directory, env });
  const [, address = ""] = /service\/pod answers at (\S+)/u.exec(stdout) ?? [];
  assert.notEqual(address, "", stdout + stderr);
  const ask = async (path: string): Promise<string> => (await fetch(`http://${address}/${path}`)).text();
  assert.equal(await ask("r"), "hello from redis");
  for (const path of ["p", "m", "s"]) assert.equal(await ask(path), "hello from SQL", path);
});
