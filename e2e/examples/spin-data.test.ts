import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { KwasmCommand, root } from "../command-fixture.ts";
import { mqttUser, startMqtt } from "../spin-data/mqtt-server.ts";
import { mysqlUser, startMysql } from "../spin-data/mysql-server.ts";
import { postgresUser, startPostgres } from "../spin-data/postgres-server.ts";
import { startRedis } from "../spin-data/redis-server.ts";
import { answersOf } from "../spin-fixture.ts";
import { openRust } from "./toolchains.ts";

/** From nothing, on a machine that is busy: the SDK has some hundred crates. */
const BUILD_MS_MAX = 1_200_000;

if (process.env["KWASM_E2E"] === "all") {
  test("examples/rust/spin-data is built from source with Spin's SDK and asks each data service", async () => {
    await using kwasm = new KwasmCommand();
    const source = join(kwasm.directory, "spin-data");
    cpSync(join(root, "examples/rust/spin-data"), source, { recursive: true });
    const words = ["build", "--quiet", "--locked", "--release", "--target", "wasm32-wasip2"];
    const env = { ...process.env, ...(await openRust()) };
    await promisify(execFile)("cargo", words, { cwd: source, env, timeout: BUILD_MS_MAX });
    await using redis = await startRedis();
    await using postgres = await startPostgres();
    await using mysql = await startMysql();
    await using mqtt = await startMqtt();
    const paths = ["key-value", "sqlite", "redis", "postgres", "mysql", "mqtt"];
    const { name, password } = postgresUser;
    const variables = {
      SPIN_VARIABLE_REDIS: `redis://127.0.0.1:${redis.port}`,
      SPIN_VARIABLE_POSTGRES: `postgres://${name}:${password}@127.0.0.1:${postgres.port}/postgres?sslmode=disable`,
      SPIN_VARIABLE_MYSQL: `mysql://${mysqlUser.name}:${mysqlUser.password}@127.0.0.1:${mysql.port}/shop`,
      SPIN_VARIABLE_MQTT: `mqtt://127.0.0.1:${mqtt.port}?client_id=test`,
      SPIN_VARIABLE_MQTT_USER: mqttUser.name,
      SPIN_VARIABLE_MQTT_PASSWORD: mqttUser.password,
    };
    assert.deepEqual(await answersOf(kwasm, join(source, "spin.toml"), paths, variables), [
      "hello from a store",
      "hello from SQLite",
      "hello from Redis",
      "hello from PostgreSQL!",
      'DbValue::Str("hello from MySQL")',
      "published",
    ]);
    const denied = {
      ...variables,
      SPIN_VARIABLE_REDIS: "redis://cache.test",
      SPIN_VARIABLE_POSTGRES: "host=db.test user=a",
    };
    const [ofRedis = "", ofPostgres = ""] = await answersOf(
      kwasm,
      join(source, "spin.toml"),
      ["redis", "postgres"],
      denied,
    );
    assert.match(ofRedis, /InvalidAddress/);
    assert.match(ofPostgres, /ConnectionFailed.*not permitted/s);
  });
}
