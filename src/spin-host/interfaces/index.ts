import type { HostInterface, HostPackages, HostTools, VersionedPackages } from "#engine";
import type { ComponentFacts } from "#spin";
import type { Stores } from "../storage/stores.ts";
import { OutboundSockets } from "../outbound/outbound-sockets.ts";
import { firstHttpInterface } from "./first-http.ts";
import { asyncKeyValueInterface, keyValueInterface, unversionedKeyValueInterface } from "./key-value.ts";
import { llmInterface } from "./llm.ts";
import { asyncMqttInterface, mqttInterface } from "./mqtt.ts";
import { asyncMysqlInterface, mysqlInterface, unversionedMysqlInterface } from "./mysql.ts";
import { olderPostgresInterface, postgresInterface, unversionedPostgresInterface } from "./postgres.ts";
import { asyncRedisInterface, redisInterface, unversionedRedisInterface } from "./redis.ts";
import { SqliteInterfaces } from "./sqlite.ts";
import { configInterface, unversionedConfigInterface, variablesInterface } from "./variables.ts";
import { wasiKeyvalueInterfaces } from "./wasi-keyvalue.ts";

/** What Spin's components may import besides WASI, for one instance; each is made when it is asked for. */
export function spinPackages(component: ComponentFacts, stores: Stores, tools: HostTools): HostPackages {
  const { variables, keyValueStores, sqliteDatabases } = component;
  const sqlite = new SqliteInterfaces(sqliteDatabases, stores);
  let opened: OutboundSockets | undefined;
  const sockets = (): OutboundSockets => (opened ??= new OutboundSockets(tools.network));
  return {
    versions: [
      unversionedPackages({ component, stores, tools, sqlite, sockets }),
      {
        version: "2.0.0",
        compatibleAs: "2",
        packages: {
          "fermyon:spin": () => ({
            variables: variablesInterface(variables),
            "key-value": keyValueInterface(keyValueStores, stores, tools),
            sqlite: sqlite.version2(tools),
            llm: llmInterface,
          }),
          "fermyon:spin/redis": () => ({ redis: redisInterface(sockets(), tools) }),
          "fermyon:spin/postgres": () => ({ postgres: olderPostgresInterface(2, sockets(), tools) }),
          "fermyon:spin/mysql": () => ({ mysql: mysqlInterface(sockets(), tools) }),
          "fermyon:spin/mqtt": () => ({ mqtt: mqttInterface(sockets(), tools) }),
          "fermyon:spin/rdbms-types": () => ({ "rdbms-types": typesOnly }),
        },
      },
      {
        version: "3.1.0",
        compatibleAs: "3",
        packages: {
          "spin:variables": () => ({ variables: variablesInterface(variables) }),
          "spin:key-value": () => ({ "key-value": asyncKeyValueInterface(keyValueStores, stores) }),
          "spin:sqlite": () => ({ sqlite: sqlite.version3(tools) }),
          "spin:redis": () => ({ redis: asyncRedisInterface(sockets()) }),
          "spin:postgres": () => ({ postgres: olderPostgresInterface(3, sockets(), tools) }),
          "spin:mysql": () => ({ mysql: asyncMysqlInterface(sockets()) }),
          "spin:mqtt": () => ({ mqtt: asyncMqttInterface(sockets()) }),
        },
      },
      {
        version: "4.2.0",
        compatibleAs: "4",
        packages: { "spin:postgres": () => ({ postgres: postgresInterface(sockets(), tools) }) },
      },
      {
        version: "0.2.0-draft-2024-09-27",
        compatibleAs: "0.2.0-draft-2024-09-27",
        packages: { "wasi:config": () => ({ store: configInterface(variables) }) },
      },
      {
        version: "0.2.0-draft2",
        compatibleAs: "0.2.0-draft2",
        packages: { "wasi:keyvalue": () => wasiKeyvalueInterfaces(keyValueStores, stores, tools) },
      },
    ],
    close() {
      sqlite.close();
      opened?.close();
    },
  };
}

interface PackageParts {
  readonly component: ComponentFacts;
  readonly stores: Stores;
  readonly tools: HostTools;
  readonly sqlite: SqliteInterfaces;
  readonly sockets: () => OutboundSockets;
}

/** What Spin 1 had, whose names say no version. */
function unversionedPackages({ component, stores, tools, sqlite, sockets }: PackageParts): VersionedPackages {
  const { variables, keyValueStores } = component;
  return {
    version: "",
    compatibleAs: "",
    packages: {
      "fermyon:spin/http": () => ({ http: firstHttpInterface(tools) }),
      "fermyon:spin/http-types": () => ({ "http-types": typesOnly }),
      "fermyon:spin/config": () => ({ config: unversionedConfigInterface(variables) }),
      "fermyon:spin/key-value": () => ({
        "key-value": unversionedKeyValueInterface(keyValueStores, stores, tools),
      }),
      "fermyon:spin/sqlite": () => ({ sqlite: sqlite.unversioned(tools) }),
      "fermyon:spin/llm": () => ({ llm: llmInterface }),
      "fermyon:spin/redis": () => ({ redis: unversionedRedisInterface(sockets(), tools) }),
      "fermyon:spin/redis-types": () => ({ "redis-types": typesOnly }),
      "fermyon:spin/postgres": () => ({ postgres: unversionedPostgresInterface(sockets(), tools) }),
      "fermyon:spin/mysql": () => ({ mysql: unversionedMysqlInterface(sockets(), tools) }),
      "fermyon:spin/rdbms-types": () => ({ "rdbms-types": typesOnly }),
    },
  };
}

/** An interface that only has types. */
const typesOnly: HostInterface = { functions: {}, resources: {} };
