import assert from "node:assert/strict";
import { test } from "node:test";

import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { KwasmCommand } from "./command-fixture.ts";
import { serveWhile } from "./serve-while.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

kwasm.write("app/routes.wasm", httpComponent(routingGuest));
kwasm.write(
  "app/spin.toml",
  `spin_manifest_version = 2
[application]
name = "chain"
[[trigger.http]]
route = "/..."
component = "front"
[[trigger.http]]
route = { private = true }
component = "back"
[[trigger.http]]
route = "/"
static_response = { body = "the root" }
[component.front]
source = "routes.wasm"
allowed_outbound_hosts = ["http://back.spin.internal", "http://self"]
[component.back]
source = "routes.wasm"
`,
);

test("a component asks another by its name, and one without a route is reached by that alone", async () => {
  await serveWhile(kwasm, ["app/spin.toml"], async (ask) => {
    assert.deepEqual(await ask("oback.spin.internal"), [200, "Hello from WebAssembly\n"]);
    assert.deepEqual(await ask("back"), [200, "Hello from WebAssembly\n"]);
    // The number of the error is that of HTTP-request-denied.
    assert.deepEqual(await ask("ofront.spin.internal"), [200, "!?"]);
  });
});

test("a component asks its own application, by the routes of its clients", async () => {
  await serveWhile(kwasm, ["app/spin.toml"], async (ask) => {
    assert.deepEqual(await ask("oself.alt"), [200, "the root"]);
  });
});

test("a pod's components ask each other, commands among them", async () => {
  kwasm.write("pod/routes.wasm", httpComponent(routingGuest));
  kwasm.writeGuest("cgi", "pod");
  kwasm.write(
    "pod/spin.toml",
    `spin_manifest_version = 2
[application]
name = "chain"
[[trigger.http]]
route = "/..."
component = "front"
[[trigger.http]]
route = { private = true }
component = "back"
executor = { type = "wagi" }
[component.front]
source = "routes.wasm"
allowed_outbound_hosts = ["http://*.spin.internal"]
[component.back]
source = "cgi.wasm"
`,
  );
  const { stdout, stderr } = await kwasm.run(["up", "-d", "pod/spin.toml"], { cwd: kwasm.directory });
  const [, address = ""] = /service\/chain answers at (\S+)/.exec(stdout) ?? [];
  assert.notEqual(address, "", stdout + stderr);
  const answer = await fetch(`http://${address}/oback.spin.internal`);
  assert.match(await answer.text(), /REQUEST_METHOD=GET/);
  assert.equal((await fetch(`http://${address}/hello`)).status, 200);
});
