import assert from "node:assert/strict";
import { test } from "node:test";

import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { InterfaceType } from "../src/engine/component/testing/interface-type.ts";
import { primitive } from "../src/engine/component/testing/encode-component.ts";
import { earlyModule } from "../src/engine/component/testing/world-module.ts";
import { endOf, KwasmCommand, outputOnce, until } from "./command-fixture.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());
kwasm.write("routes.wasm", httpComponent(routingGuest));

test("serve answers requests until it is told to end, and says what went wrong on standard error", async () => {
  const words = ["serve", "--listen", "127.0.0.1:0", "--access-log", "routes.wasm"];
  const serving = kwasm.start(words, { cwd: kwasm.directory });
  const ended = endOf(serving);
  let said = "";
  serving.stderr.on("data", (chunk) => (said += String(chunk)));
  try {
    await until("it serves", () => /Serving HTTP on http:\S+\n/.test(said));
    const url = /Serving HTTP on (?<url>http:\S+)/.exec(said)?.groups?.["url"] ?? "";
    const hello = await fetch(`${url}hello`);
    assert.deepEqual([hello.status, await hello.text()], [200, "Hello from WebAssembly\n"]);
    const counts = [await fetch(`${url}count`), await fetch(`${url}count`)];
    assert.deepEqual(await Promise.all(counts.map((answer) => answer.text())), ["1", "1"]);
    const trapped = await fetch(`${url}trap`);
    assert.deepEqual([trapped.status, await trapped.text()], [500, "the request failed\n"]);
    const denied = await fetch(`${url}o127.0.0.1:1`);
    assert.equal(await denied.text(), "!?");
    await until("the request is logged", () => /"GET \/o127\.0\.0\.1:1" 200 /.test(said));
    serving.kill("SIGTERM");
    assert.equal((await ended).code, 0);
    assert.match(said, /error: GET \/trap: wasm trap: .*\n {2}0: /);
    assert.match(said, /"GET \/trap" 500 /);
  } finally {
    serving.kill("SIGKILL");
    await ended;
  }
});

test("serve answers by a core module that says its world", async () => {
  kwasm.write("module.wasm", earlyModule());
  const serving = kwasm.start(["serve", "--listen", "127.0.0.1:0", "module.wasm"], { cwd: kwasm.directory });
  try {
    const said = await outputOnce(serving.stderr.iterator({ destroyOnReturn: false }), /Serving HTTP on http:\S+\n/);
    const answer = await fetch(/http:\S+/.exec(said)?.[0] ?? "");
    assert.deepEqual([answer.status, await answer.text()], [203, "as it was"]);
  } finally {
    serving.kill("SIGKILL");
    await endOf(serving);
  }
});

test("serve says what it cannot run", async () => {
  kwasm.write("text.wasm", "no component");
  const options = { cwd: kwasm.directory };
  await kwasm.check(
    "serve --listen 127.0.0.1:0 absent.wasm",
    { code: 127, stderr: /there is no such file\n/ },
    options,
  );
  await kwasm.check("serve --listen 127.0.0.1:0 text.wasm", { code: 126, stderr: /looks like text\n/ }, options);
  await kwasm.check("serve --reuse 0 routes.wasm", { code: 2, stderr: /read --reuse "0"/ }, options);
  const refused = { code: 126, stderr: /it answers HTTP requests: run it by "kwasm serve"/ };
  await kwasm.check("run routes.wasm", refused, options);
});

test("a component of wasmCloud is served where wasi:http is all that it wants, and else is told what it lacks", async () => {
  const lattice = new InterfaceType().func("set-link-name", [["name", primitive.string]]);
  const other = { name: "wasmcloud:bus/lattice@1.0.0", type: lattice.bytes, functions: { "set-link-name": "link" } };
  kwasm.write("lattice.wasm", httpComponent(routingGuest, "0.2.0", [other]));
  const refused = { code: 126, stderr: /does not offer "wasmcloud:bus\/lattice@1.0.0" \(provided by wasmCloud\)/ };
  await kwasm.check("serve --listen 127.0.0.1:0 lattice.wasm", refused, { cwd: kwasm.directory });
});
