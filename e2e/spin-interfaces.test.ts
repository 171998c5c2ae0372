import assert from "node:assert/strict";
import { test } from "node:test";

import { storingComponent } from "../src/engine/component/testing/storing-component.ts";
import { KwasmCommand } from "./command-fixture.ts";
import { answersOf } from "./spin-fixture.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

const head = `spin_manifest_version = 2
[application]
name = "stores"
[variables]
greeting = { default = "hello" }
[[trigger.http]]
route = "/..."
component = "c"
[component.c]
source = "c.wasm"
`;

kwasm.write("app/c.wasm", storingComponent());
kwasm.write(
  "app/spin.toml",
  `${head}variables = { greeting = "{{ greeting }} there" }\nkey_value_stores = ["default"]\n`,
);
kwasm.write("denied/c.wasm", storingComponent());
kwasm.write("denied/spin.toml", head);

test("a component has its variables, and a store that outlives its instances and the application", async () => {
  assert.deepEqual(await answersOf(kwasm, "app/spin.toml", ["v", "count", "count"]), ["hello there", "1", "2"]);
  const env = { SPIN_VARIABLE_GREETING: "hi" };
  assert.deepEqual(await answersOf(kwasm, "app/spin.toml", ["v", "count"], env), ["hi there", "3"]);
});

test("what a component was not given is denied by the errors of Spin's interfaces", async () => {
  // "undefined" is case 1 of the variables' error, "access-denied" case 2 of the stores'.
  assert.deepEqual(await answersOf(kwasm, "denied/spin.toml", ["v", "count"]), ["!1", "!2"]);
});
