import assert from "node:assert/strict";
import { test } from "node:test";

import { storingComponent } from "../src/engine/component/testing/storing-component.ts";
import { endOf, KwasmCommand, until } from "./command-fixture.ts";

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

/** Answers of one run to paths, asked one after the other. */
async function answersOf(manifest: string, paths: readonly string[], env = {}): Promise<readonly string[]> {
  const serving = kwasm.start(["serve", "--listen", "127.0.0.1:0", manifest], { cwd: kwasm.directory, env });
  const ended = endOf(serving);
  let said = "";
  serving.stderr.on("data", (chunk) => (said += String(chunk)));
  try {
    await until(
      () => `it serves: ${said}`,
      () => /Serving HTTP on http:\S+\n/.test(said),
    );
    const url = /Serving HTTP on (?<url>http:\S+)/.exec(said)?.groups?.["url"] ?? "";
    const answers: string[] = [];
    for (const path of paths) answers.push(await (await fetch(`${url}${path}`)).text());
    serving.kill("SIGTERM");
    assert.equal((await ended).code, 0, said);
    return answers;
  } finally {
    serving.kill("SIGKILL");
    await ended;
  }
}

test("a component has its variables, and a store that outlives its instances and the application", async () => {
  assert.deepEqual(await answersOf("app/spin.toml", ["v", "count", "count"]), ["hello there", "1", "2"]);
  const env = { SPIN_VARIABLE_GREETING: "hi" };
  assert.deepEqual(await answersOf("app/spin.toml", ["v", "count"], env), ["hi there", "3"]);
});

test("what a component was not given is denied by the errors of Spin's interfaces", async () => {
  // "undefined" is case 1 of the variables' error, "access-denied" case 2 of the stores'.
  assert.deepEqual(await answersOf("denied/spin.toml", ["v", "count"]), ["!1", "!2"]);
});
