import assert from "node:assert/strict";
import { test } from "node:test";

import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { p3Handler } from "../src/engine/component/testing/p3-handler.ts";
import { endOf, KwasmCommand, until } from "./command-fixture.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());
kwasm.write("app/routes.wasm", httpComponent(routingGuest));
kwasm.write("app/echo.wasm", p3Handler());
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
route = "/gone"
static_response = { status_code = 410, body = "gone" }
[component.routes]
source = "routes.wasm"
`,
);

test("a Spin application is served by its routes, each request by an instance of its component", async () => {
  const serving = kwasm.start(["serve", "--listen", "127.0.0.1:0", "app/spin.toml"], { cwd: kwasm.directory });
  const ended = endOf(serving);
  let said = "";
  serving.stderr.on("data", (chunk) => (said += String(chunk)));
  try {
    await until("it serves", () => /Serving HTTP on http:\S+\n/.test(said));
    const url = /Serving HTTP on (?<url>http:\S+)/.exec(said)?.groups?.["url"] ?? "";
    const ask = async (path: string, body?: string): Promise<readonly unknown[]> => {
      const answer = await fetch(`${url}${path}`, body === undefined ? {} : { method: "POST", body });
      return [answer.status, await answer.text()];
    };
    assert.deepEqual(await ask("hello"), [200, "Hello from WebAssembly\n"]);
    assert.deepEqual(await ask("count"), [200, "1"]);
    assert.deepEqual(await ask("count"), [200, "1"]);
    assert.deepEqual(await ask("p3", "to and fro"), [200, "to and fro"]);
    assert.deepEqual(await ask("gone"), [410, "gone"]);
    assert.deepEqual(await ask(".well-known/spin/health"), [200, "OK"]);
    assert.deepEqual(await ask("trap"), [500, "the request failed\n"]);
    serving.kill("SIGTERM");
    assert.equal((await ended).code, 0);
    assert.match(said, /error: GET \/trap: wasm trap/);
  } finally {
    serving.kill("SIGKILL");
    await ended;
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
