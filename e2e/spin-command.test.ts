import assert from "node:assert/strict";
import { test } from "node:test";

import { command } from "../src/engine/component/testing/command-component.ts";
import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { KwasmCommand } from "./command-fixture.ts";
import { serveWhile } from "./serve-while.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

const head = 'spin_manifest_version = 2\n[application]\nname = "once"\n';
const options = { cwd: kwasm.directory };

for (const name of ["words", "cat", "trapper"]) kwasm.writeGuest(name, "app");
kwasm.write("app/failing.wasm", command("(i32.const 1)"));
kwasm.write("app/handler.wasm", httpComponent(routingGuest));

function write(file: string, source: string, more = ""): void {
  kwasm.write(file, `${head}[[trigger.command]]\ncomponent = "job"\n[component.job]\nsource = "${source}"\n${more}`);
}

test("run of an application with a command runs it once, with its arguments and what its manifest gives", async () => {
  write("app/words.toml", "words.wasm", 'environment = { A = "b" }');
  await kwasm.check("run --env C=d app/words.toml one --two", { stdout: "job\0one\0--two\0A=b\0C=d\0" }, options);
  write("app/cat.toml", "cat.wasm");
  await kwasm.check("run app/cat.toml", { stdout: "what came" }, { ...options, input: "what came" });
});

test("a command's end is that of run", async () => {
  write("app/failing.toml", "failing.wasm");
  await kwasm.check("run app/failing.toml", { code: 1 }, options);
  write("app/trapper.toml", "trapper.wasm");
  await kwasm.check("run app/trapper.toml", { code: 134, stderr: /trap/ }, options);
});

test("a command and what answers requests are told apart", async () => {
  const serve = "serve --listen 127.0.0.1:0";
  await kwasm.check(`${serve} app/words.toml`, { code: 126, stderr: /"kwasm run" and "kwasm up" run it/ }, options);
  write("app/none.toml", "handler.wasm");
  await kwasm.check("run app/none.toml", { code: 126, stderr: /"job".*it is to be run as a command/ }, options);
  kwasm.write("app/timer.toml", `${head}[[trigger.cron]]\ncomponent = "job"\n[component.job]\nsource = "cat.wasm"\n`);
  await kwasm.check(
    `${serve} app/timer.toml`,
    { code: 126, stderr: /of type "cron"; those of types http, redis and command are run/ },
    options,
  );
});

test("up runs a command as a pod that ends", async () => {
  kwasm.writeGuest("words", "pod");
  write("pod/spin.toml", "words.wasm", 'environment = { A = "b" }');
  const { stdout, stderr, code } = await kwasm.run(["up", "-d", "pod/spin.toml"], options);
  assert.equal(code, 0, stdout + stderr);
  await kwasm.podsOnce("the command has ended", ([pod]) => pod?.status?.phase === "Succeeded");
  await kwasm.check("logs once", { stdout: /job\0A=b\0/ }, options);
});

test("an application may have static responses alone", async () => {
  const fixed = `${head}[[trigger.http]]\nroute = "/..."\nstatic_response = { status_code = 410, body = "gone" }\n`;
  kwasm.write("static/spin.toml", fixed);
  await serveWhile(kwasm, ["static/spin.toml"], async (ask) => assert.deepEqual(await ask("x"), [410, "gone"]));
});
