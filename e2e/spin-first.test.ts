import assert from "node:assert/strict";
import { test } from "node:test";

import { firstModule } from "../src/engine/component/testing/first-module.ts";
import { oldestModule } from "../src/engine/component/testing/world-module.ts";
import { KwasmCommand } from "./command-fixture.ts";
import { serveWhile } from "./serve-while.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

/** As the first SDKs' templates have it, with what comes behind. */
const manifest = `spin_version = "1"
name = "first"
trigger = { type = "http", base = "/" }
[[component]]
id = "first"
source = "first.wasm"
[component.trigger]
route = "/..."
`;

kwasm.write("app/first.wasm", firstModule());
kwasm.write("app/oldest.wasm", oldestModule());

test("a module of Spin's first SDKs uses what Spin gave it", async () => {
  const given = `[component.config]\ngreeting = "hello"\n`;
  const granted = manifest.replace(
    "[component.trigger]",
    'key_value_stores = ["default"]\nsqlite_databases = ["default"]\nallowed_outbound_hosts = ["http://self"]\n[component.trigger]',
  );
  kwasm.write("app/spin.toml", `${granted}${given}`);
  await serveWhile(kwasm, ["app/spin.toml"], async (ask) => {
    assert.deepEqual(await ask("v"), [200, "hello"]);
    assert.deepEqual(await ask("k/value"), [200, "/k/value"]);
    assert.deepEqual(await ask("s"), [200, "2"]);
    assert.deepEqual(await ask("h/v"), [200, "hello"]);
    // invalid-store is case 3 of the stores' error: it was closed.
    assert.deepEqual(await ask("k!"), [200, "!3"]);
  });
});

test("what it was not given is denied by the errors of its interfaces", async () => {
  kwasm.write("app/denied.toml", manifest);
  await serveWhile(kwasm, ["app/denied.toml"], async (ask) => {
    // provider is case 0, access-denied case 2 and 1, destination-not-allowed case 1.
    assert.deepEqual(await ask("v"), [200, "!0"]);
    assert.deepEqual(await ask("k"), [200, "!2"]);
    assert.deepEqual(await ask("s"), [200, "!1"]);
    assert.deepEqual(await ask("h/v"), [200, "!1"]);
    assert.deepEqual(await ask("hhttp://example.com/"), [200, "!1"]);
    assert.deepEqual(await ask("hnowhere"), [200, "!2"]);
  });
});

test("serve answers by such a module alone, and names what it wants of Spin", async () => {
  await serveWhile(kwasm, ["app/oldest.wasm"], async (ask) => {
    assert.deepEqual(await ask("oldest", "to and fro"), [201, "to and fro"]);
  });
  const refused = { code: 126, stderr: /"fermyon:spin\/key-value" \(provided by Spin\)/ };
  await kwasm.check("serve --listen 127.0.0.1:0 app/first.wasm", refused, { cwd: kwasm.directory });
});
