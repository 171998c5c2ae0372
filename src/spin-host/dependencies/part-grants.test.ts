import assert from "node:assert/strict";
import { test } from "node:test";
import type { ComponentFacts, DependencyFacts } from "#spin";
import { grantsOfDependency } from "./part-grants.ts";

const facts: ComponentFacts = {
  id: "c",
  executor: { kind: "http" },
  environment: [["A", "b"]],
  outbound: ["https://example.com"],
  selfSchemes: ["http"],
  variables: [["v", "w"]],
  keyValueStores: ["default"],
  sqliteDatabases: ["default"],
  dependencies: [],
};

/** Names of what a dependency has. */
function check(inherits: DependencyFacts["inherits"], expected: readonly string[]): void {
  test(`a dependency that inherits ${JSON.stringify(inherits)} has that and nothing else`, () => {
    const grants = grantsOfDependency(facts, { name: "d", inherits });
    const { facts: own } = grants;
    const has = {
      environment: grants.hasEnvironment,
      files: grants.hasFiles,
      allowed_outbound_hosts: grants.hasNetwork && own.outbound.length > 0 && own.selfSchemes.length > 0,
      variables: own.variables.length > 0,
      key_value_stores: own.keyValueStores.length > 0,
      sqlite_databases: own.sqliteDatabases.length > 0,
    };
    assert.deepEqual(
      Object.entries(has).flatMap(([name, isThere]) => (isThere ? [name] : [])),
      expected,
    );
  });
}

const all = ["environment", "files", "allowed_outbound_hosts", "variables", "key_value_stores", "sqlite_databases"];
check("all", all);
check([], []);
check(["no-such-name"], []);
for (const name of all) check([name], [name]);
