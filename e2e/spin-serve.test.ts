import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { earlyModule, oldestModule } from "../src/engine/component/testing/world-module.ts";
import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { p3Handler } from "../src/engine/component/testing/p3-handler.ts";
import { KwasmCommand } from "./command-fixture.ts";
import { serveWhile } from "./serve-while.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());
kwasm.write("app/routes.wasm", httpComponent(routingGuest));
kwasm.write("app/echo.wasm", p3Handler());
kwasm.write("app/module.wasm", earlyModule());
kwasm.write("app/oldest.wasm", oldestModule());
kwasm.write(
  "app/spin.toml",
  `spin_manifest_version = 2
[application]
name = "two"
[[trigger.http]]
route = "/..."
component = "routes"
[[trigger.http]]
route = "/p3"
component = { source = "echo.wasm" }
[[trigger.http]]
route = "/module"
component = { source = "module.wasm" }
[[trigger.http]]
route = "/oldest"
component = { source = "oldest.wasm" }
[[trigger.http]]
route = "/gone"
static_response = { status_code = 410, body = "gone" }
[component.routes]
source = "routes.wasm"
`,
);

test("a Spin application is served by its routes, each request by an instance of its component", async () => {
  const said = await serveWhile(kwasm, ["app/spin.toml"], async (ask) => {
    assert.deepEqual(await ask("hello"), [200, "Hello from WebAssembly\n"]);
    assert.deepEqual(await ask("count"), [200, "1"]);
    assert.deepEqual(await ask("count"), [200, "1"]);
    assert.deepEqual(await ask("p3", "to and fro"), [200, "to and fro"]);
    assert.deepEqual(await ask("module"), [203, "as it was"]);
    assert.deepEqual(await ask("oldest", "to and fro"), [201, "to and fro"]);
    assert.deepEqual(await ask("gone"), [410, "gone"]);
    assert.deepEqual(await ask(".well-known/spin/health"), [200, "OK"]);
    assert.deepEqual(await ask("trap"), [500, "the request failed\n"]);
  });
  assert.match(said, /error: GET \/trap: wasm trap/);
});

test("each component's requests go where its own allowed_outbound_hosts say, and nowhere else", async () => {
  const server = createServer((_request, response) => response.end("from outside"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  kwasm.write(
    "app/outbound.toml",
    `spin_manifest_version = 2
[application]
name = "outbound"
[variables]
host = { default = "127.0.0.1" }
[[trigger.http]]
route = "/..."
component = "allowed"
[[trigger.http]]
route = "/olocalhost:${port}"
component = "denied"
[component.allowed]
source = "routes.wasm"
allowed_outbound_hosts = ["http://{{ host }}:${port}", "http://localhost:${port}"]
[component.denied]
source = "routes.wasm"
`,
  );
  try {
    await serveWhile(kwasm, ["app/outbound.toml"], async (ask) => {
      // The guest shows an error by "!" and the number of its case, of which 15 is HTTP-request-denied.
      assert.deepEqual(await ask(`olocalhost:${port}`), [200, "!?"]);
      assert.deepEqual(await ask("o127.0.0.1:1"), [200, "!?"]);
      assert.deepEqual(await ask(`o127.0.0.1:${port}`), [200, "from outside"]);
    });
  } finally {
    server.close();
  }
});

test("serve says what it cannot run of a Spin application", async () => {
  const options = { cwd: kwasm.directory };
  const head = 'spin_manifest_version = 2\n[application]\nname = "a"\n';
  const component = '[[trigger.http]]\nroute = "/"\ncomponent = "a"\n[component.a]\nsource = "a.wasm"\n';
  kwasm.write("absent.toml", `${head}${component}`);
  await kwasm.check("serve --listen 127.0.0.1:0 absent.toml", { code: 127, stderr: /find "a.wasm"/ }, options);
  kwasm.writeGuest("cat", "core");
  kwasm.write("core/spin.toml", `${head}${component.replace("a.wasm", "cat.wasm")}`);
  await kwasm.check("serve --listen 127.0.0.1:0 core/spin.toml", { code: 126, stderr: /it is a core module/ }, options);
  kwasm.write("bad.toml", `${head}[[trigger.http]]\nrute = "/"\n`);
  await kwasm.check("serve --listen 127.0.0.1:0 bad.toml", { code: 2, stderr: /either "component"/ }, options);
  await kwasm.check("serve --dir . app/spin.toml", { code: 2, stderr: /granted by its manifest/ }, options);
  await kwasm.check("run app/spin.toml", { code: 126, stderr: /"kwasm serve" and "kwasm up" run it/ }, options);
});
