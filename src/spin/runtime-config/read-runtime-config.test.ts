import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type ErrorCode, KwasmError } from "#base";
import { parseRuntimeConfig } from "./read-runtime-config.ts";
import { type RuntimeConfig, withoutRuntimeConfig } from "./runtime-config.ts";

const places = { directory: "/config", workingDirectory: "/here" };

function check(text: string, expected: Partial<RuntimeConfig>): void {
  test(`${text.split("\n").join(" ")} is read`, () => {
    assert.deepEqual(parseRuntimeConfig(text, "runtime-config.toml", places), { ...withoutRuntimeConfig, ...expected });
  });
}

check("", {});
check('state_dir = "data"', { stateDirectory: "/here/data" });
check('state_dir = ""', { stateDirectory: "" });
check('[key_value_store.default]\ntype = "spin"\npath = "kv.db"', {
  keyValueStores: new Map([["default", { kind: "file", path: "/config/kv.db" }]]),
});
check(
  '[key_value_store.cache]\ntype = "redis"\nurl = "redis://:secret@cache/1"\n[key_value_store.own]\ntype = "spin"',
  {
    keyValueStores: new Map([
      ["cache", { kind: "redis", url: "redis://:secret@cache/1" }],
      ["own", { kind: "file" }],
    ]),
    outbound: ["redis://cache:6379"],
  },
);
check('[sqlite_database.more]\ntype = "spin"\npath = "/data/more.db"\n[sqlite_database.default]\ntype = "spin"', {
  sqliteDatabases: new Map([
    ["more", { path: "/data/more.db" }],
    ["default", {}],
  ]),
});
check(
  '[[variables_provider]]\ntype = "static"\nvalues = { a = "1" }\n[[config_provider]]\ntype = "env"\nprefix = "APP"',
  {
    providers: [
      { kind: "static", values: new Map([["a", "1"]]) },
      { kind: "env", prefix: "APP" },
    ],
  },
);

function checkRefused(text: string, code: ErrorCode, message: RegExp): void {
  test(`${text.split("\n").join(" ")} is refused`, () => {
    assert.throws(() => parseRuntimeConfig(text, "runtime-config.toml", places), { code, message });
  });
}

checkRefused('key_value_stores = "x"', "invalid-argument", /did you mean "key_value_store"/);
checkRefused('[key_value_store.a]\ntype = "azure_cosmos"', "unsupported", /use "spin" or "redis"/);
checkRefused('[key_value_store.a]\ntype = "redis"\nurl = "http://a"', "invalid-argument", /an address of Redis/);
checkRefused('[key_value_store.a]\ntype = "redis"', "invalid-argument", /"url" is missing/);
checkRefused('[key_value_store.a]\ntype = "spin"\nurl = "a"', "invalid-argument", /"url" is no field/);
checkRefused('[sqlite_database.a]\ntype = "libsql"\nurl = "a"\ntoken = "b"', "unsupported", /use "spin"/);
checkRefused('[sqlite_database.a]\ntype = "spin"\nallow_attach_file = true', "unsupported", /never attached/);
checkRefused('[[variables_provider]]\ntype = "vault"', "unsupported", /use "static" or "env"/);
checkRefused('[[variables_provider]]\ntype = "azure_key_vault"', "unsupported", /"azure_key_vault" is not asked/);
checkRefused('[[variables_provider]]\ntype = "env"\ndotenv_path = ".env"', "unsupported", /environment instead/);
checkRefused("max_instance_memory = 1", "unsupported", /--memory/);
checkRefused("[llm_compute]", "unsupported", /no models/);
checkRefused("a = ", "invalid-argument", /in line 1/);

test("any text is read or refused, and nothing else happens", () => {
  const words = fc.constantFrom(
    "[key_value_store.a]\n",
    "[[variables_provider]]\n",
    'type = "spin"\n',
    "path = 1\n",
    "=",
    '"',
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 6 }), (parts) => {
      try {
        parseRuntimeConfig(parts.join(""), "runtime-config.toml", places);
      } catch (error) {
        assert.ok(error instanceof KwasmError && error.code !== "internal");
      }
    }),
  );
});
