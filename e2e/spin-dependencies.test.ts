import assert from "node:assert/strict";
import { test } from "node:test";

import { greetingComponent, wordsComponent } from "../src/engine/component/testing/greeting-components.ts";
import { KwasmCommand } from "./command-fixture.ts";
import { serveWhile } from "./serve-while.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

kwasm.write("app/greeting.wasm", greetingComponent());
kwasm.write("app/words.wasm", wordsComponent());
kwasm.writeGuest("cat", "app");

/** The manifest with these dependencies of its component. */
function manifestOf(dependencies: string): string {
  return `spin_manifest_version = 2
[application]
name = "greeting"
[[trigger.http]]
route = "/"
component = "greeting"
[component.words]
source = "words.wasm"
[component.greeting]
source = "greeting.wasm"
variables = { greeting = "hello" }
${dependencies}
`;
}

function check(name: string, dependencies: string, expected: string): void {
  test(name, async () => {
    kwasm.write("app/spin.toml", manifestOf(dependencies));
    await serveWhile(kwasm, ["app/spin.toml"], async (ask) => assert.deepEqual(await ask(""), [200, expected]));
  });
}

check(
  "a dependency stands for an import, and has nothing of its component's configuration",
  '[component.greeting.dependencies]\n"test:greeting/words@1.0.0" = { path = "words.wasm" }',
  "nothing",
);
check(
  "a dependency has what it inherits",
  '[component.greeting.dependencies]\n"test:greeting" = { path = "words.wasm", inherit_configuration = ["variables"] }',
  "hello",
);
check(
  "another component of the application is a dependency, and all of them may inherit all",
  'dependencies_inherit_configuration = true\n[component.greeting.dependencies]\n"test:greeting/words" = { component = "words" }',
  "hello",
);

function checkRefused(name: string, dependencies: string, stderr: RegExp): void {
  test(name, async () => {
    kwasm.write("app/spin.toml", manifestOf(`[component.greeting.dependencies]\n${dependencies}`));
    await kwasm.check("serve --listen 127.0.0.1:0 app/spin.toml", { code: 126, stderr }, { cwd: kwasm.directory });
  });
}

checkRefused(
  "a dependency for no import",
  '"test:other/x" = { path = "words.wasm" }',
  /stands for none of its imports/,
);
checkRefused("one that lacks the export", '"test:greeting/words" = { path = "greeting.wasm" }', /does not export/);
checkRefused("a core module", '"test:greeting/words" = { path = "cat.wasm" }', /is no component/);
checkRefused("one of a registry", '"test:greeting/words" = "1.0.0"', /named by a registry/);
checkRefused(
  "two for the same import",
  '"test:greeting/words" = { path = "words.wasm" }\n"test:greeting" = { path = "words.wasm" }',
  /both stand for its import/,
);

test("an image of an application has the modules of its dependencies", async () => {
  const dependency = '[component.greeting.dependencies]\n"test:greeting" = { path = "words.wasm" }';
  kwasm.write("image/greeting.wasm", greetingComponent());
  kwasm.write("image/parts/words.wasm", wordsComponent());
  const manifest = manifestOf(dependency).replace('[component.words]\nsource = "words.wasm"\n', "");
  kwasm.write("image/spin.toml", manifest.replace("words.wasm", "parts/words.wasm"));
  const { stdout, stderr } = await kwasm.run(["up", "-d", "image/spin.toml"], { cwd: kwasm.directory });
  const [, address = ""] = /service\/greeting answers at (\S+)/.exec(stdout) ?? [];
  assert.notEqual(address, "", stdout + stderr);
  assert.equal(await (await fetch(`http://${address}/`)).text(), "nothing");
});
