import assert from "node:assert/strict";
import { test } from "node:test";

import { command } from "../src/engine/component/testing/command-component.ts";
import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { KwasmCommand } from "./command-fixture.ts";
import { serveWhile } from "./serve-while.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

for (const name of ["cat", "cgi", "trapper"]) kwasm.writeGuest(name, "app");
kwasm.write("app/command.wasm", command("(i32.const 0)"));
kwasm.write("app/handler.wasm", httpComponent(routingGuest));

function trigger(route: string, component: string, more = "") {
  return `[[trigger.http]]\nroute = "${route}"\ncomponent = "${component}"\nexecutor = { type = "wagi"${more} }\n`;
}

const manifest = `spin_manifest_version = 2
[application]
name = "commands"
${trigger("/cgi/:name/...", "cgi", ', argv = "cgi ${ARGS}"')}
${trigger("/cat", "cat")}
${trigger("/component", "command")}
${trigger("/trap", "trapper")}
[[trigger.http]]
route = "/..."
component = "handler"
[component.cgi]
source = "cgi.wasm"
environment = { GREETING = "hello", SERVER_PORT = "none" }
[component.cat]
source = "cat.wasm"
[component.command]
source = "command.wasm"
[component.trapper]
source = "trapper.wasm"
[component.handler]
source = "handler.wasm"
allowed_outbound_hosts = ["http://*.spin.internal"]
`;
kwasm.write("app/spin.toml", manifest);

test("a command gets a request as CGI has it, and what it writes is the answer", async () => {
  const said = await serveWhile(kwasm, ["app/spin.toml"], async (ask) => {
    const [status, text] = await ask("cgi/me/a%20b/c?x=1&y=2", "body");
    assert.equal(status, 200);
    const words = text.split("\0").slice(0, -1);
    assert.deepEqual(words.slice(0, 3), ["cgi", "x=1", "y=2"]);
    const port = /^SERVER_PORT=(?<port>\d+)$/mu.exec(words.join("\n"))?.groups?.["port"] ?? "";
    const expected = [
      "GREETING=hello",
      "REQUEST_METHOD=POST",
      "CONTENT_LENGTH=4",
      "CONTENT_TYPE=text/plain;charset=UTF-8",
      "PATH_INFO=/a%20b/c",
      "PATH_TRANSLATED=/a b/c",
      "QUERY_STRING=x=1&y=2",
      "SCRIPT_NAME=/cgi/:name",
      "SERVER_NAME=127.0.0.1",
      "SERVER_PROTOCOL=HTTP/1.1",
      "REMOTE_ADDR=127.0.0.1",
      "X_PATH_MATCH_NAME=me",
      `X_FULL_URL=http://127.0.0.1:${port}/cgi/me/a%20b/c?x=1&y=2`,
      `HTTP_HOST=127.0.0.1:${port}`,
    ];
    assert.deepEqual(
      expected.filter((line) => !words.includes(line)),
      [],
      words.join("\n"),
    );
    assert.deepEqual(await ask("cat", "Status: 404 Not here\nX-Any: thing\n\nwhat came"), [404, "what came"]);
    assert.deepEqual(await ask("cat", `content-type: text/plain\n\n${"x".repeat(300_000)}`), [
      200,
      "x".repeat(300_000),
    ]);
    // Another component of the application asks it by its name.
    assert.match((await ask("ocgi.spin.internal"))[1], /SERVER_NAME=default_host/);
    assert.deepEqual(await ask("component"), [500, "the request failed\n"]);
    assert.deepEqual(await ask("trap"), [500, "the request failed\n"]);
    assert.equal((await ask("cat", "no fields"))[0], 500);
  });
  assert.match(said, /GET \/component: answer a request by a command: it wrote nothing/);
  assert.match(said, /GET \/trap: wasm trap/);
});

test("a command that writes more than an answer can have is ended", async () => {
  kwasm.writeGuest("flooder", "app");
  kwasm.write("app/flooder.toml", manifest.replaceAll("trapper", "flooder"));
  const said = await serveWhile(kwasm, ["app/flooder.toml"], async (ask) => {
    assert.deepEqual(await ask("trap"), [500, "the request failed\n"]);
  });
  assert.match(said, /it wrote more than "16777216" bytes/);
});

test("what is no command, and another entrypoint than that of commands, is refused", async () => {
  const options = { cwd: kwasm.directory };
  const serve = "serve --listen 127.0.0.1:0";
  kwasm.write("app/no-command.toml", manifest.replace("command.wasm", "handler.wasm"));
  const isNone = { code: 126, stderr: /"command".*run as a command, and is none/ };
  await kwasm.check(`${serve} app/no-command.toml`, isNone, options);
  kwasm.write("app/entry.toml", manifest.replace('argv = "cgi ${ARGS}"', 'entrypoint = "main"'));
  await kwasm.check(`${serve} app/entry.toml`, { code: 126, stderr: /entrypoint "main"; leave it out/ }, options);
  kwasm.write("app/two.toml", manifest.replace('component = "handler"', 'component = "cat"'));
  await kwasm.check(`${serve} app/two.toml`, { code: 2, stderr: /"cat".*different executors/ }, options);
});
