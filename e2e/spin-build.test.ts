import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { earlyModule } from "../src/engine/component/testing/world-module.ts";
import { KwasmCommand, root, until } from "./command-fixture.ts";
import { servedBy } from "./served-application.ts";

/** Two components, one of which its command makes; its compiler is cp. */
const manifest = `spin_manifest_version = 2
[application]
name = "two"
version = "1.2.3"
[[trigger.http]]
route = "/..."
component = "routes"
[[trigger.http]]
route = "/made"
component = "made"
[component.routes]
source = "routes.wasm"
files = ["static/*"]
[component.made]
source = "target/made.wasm"
[component.made.build]
command = ["mkdir -p ../target", "cp made.source ../target/made.wasm"]
workdir = "made"
`;

function writeApplication(kwasm: KwasmCommand, folder = "app", files = 1): void {
  kwasm.write(`${folder}/spin.toml`, manifest);
  kwasm.write(`${folder}/routes.wasm`, httpComponent(routingGuest));
  kwasm.write(`${folder}/made/made.source`, earlyModule());
  for (let at = 0; at < files; at += 1) kwasm.write(`${folder}/static/${at}.txt`, `file ${at}`.padEnd(200));
}

async function idOf(kwasm: KwasmCommand, name: string): Promise<string> {
  const { stdout } = await kwasm.run(["images"]);
  return new RegExp(`^localhost/${name} +\\S+ +(\\S+)`, "mu").exec(stdout)?.[1] ?? stdout;
}

for (const format of ["scratch", "spin"]) {
  test(`kwasm build --format ${format} makes components by their commands, and the same image each time`, async () => {
    await using kwasm = new KwasmCommand();
    for (const folder of ["first", "second"]) {
      writeApplication(kwasm, folder);
      const { code, stdout, stderr } = await kwasm.run(["build", folder, "-t", folder, "--format", format], {
        cwd: kwasm.directory,
      });
      assert.deepEqual([code, stdout], [0, `localhost/${folder}:latest\n`], stderr);
      const said = ['"mkdir -p ../target"', '"cp made.source ../target/made.wasm"'];
      assert.equal(stderr, said.map((command) => `Building component "made" by ${command}\n`).join(""));
    }
    assert.equal(await idOf(kwasm, "first"), await idOf(kwasm, "second"));
    await using served = await servedBy(kwasm, "first");
    assert.deepEqual(await served.ask("hello"), [200, "Hello from WebAssembly\n"]);
    assert.deepEqual(await served.ask("made"), [203, "as it was"]);
  });
}

test("an application of more files than a registry takes layers is served from its artifact", async () => {
  await using kwasm = new KwasmCommand();
  writeApplication(kwasm, "app", 600);
  const { code, stderr } = await kwasm.run(["build", "app/spin.toml", "-t", "app", "--format", "spin"], {
    cwd: kwasm.directory,
  });
  assert.equal(code, 0, stderr);
  await using served = await servedBy(kwasm, "app");
  assert.deepEqual(await served.ask("hello"), [200, "Hello from WebAssembly\n"]);
});

test("a command that fails is told with what it said, and so is what does not go with an application", async () => {
  await using kwasm = new KwasmCommand();
  writeApplication(kwasm);
  kwasm.write("app/spin.toml", manifest.replace("cp made.source", "echo no compiler; exit 3;"));
  const failed = await kwasm.run(["build", "app", "-t", "app"], { cwd: kwasm.directory });
  assert.notEqual(failed.code, 0);
  assert.match(failed.stderr, /build component "made": "echo no compiler;.*failed with exit code 3:\nno compiler\n/u);
  const options = { cwd: kwasm.directory };
  await kwasm.check("build app -t app --format wasm-artifact", { code: 2, stderr: /write spin/u }, options);
  await kwasm.check("build app -t app --copy a=/b", { code: 2, stderr: /its manifest says/u }, options);
  await kwasm.check("build app/routes.wasm -t app --format spin", { code: 2, stderr: /no spin\.toml/u }, options);
  await kwasm.check("images", { stdout: /^REPOSITORY.*\n$/u });
});

test("up makes what is not there, and by --build all", async () => {
  await using kwasm = new KwasmCommand();
  writeApplication(kwasm);
  const options = { cwd: kwasm.directory };
  const upOnce = async (...more: readonly string[]) => {
    const { code, stderr } = await kwasm.run(["up", "-d", "app/spin.toml", ...more], options);
    assert.equal(code, 0, stderr);
    return stderr.match(/cp made\.source/u)?.length ?? 0;
  };
  assert.deepEqual([await upOnce(), await upOnce(), await upOnce("--build")], [1, 0, 1]);
});

test("a build that is killed while a command runs leaves a store in order, and the next one succeeds", async () => {
  await using kwasm = new KwasmCommand();
  writeApplication(kwasm);
  const hanging = "touch begun; exec sleep 1000";
  kwasm.write("app/spin.toml", manifest.replace("cp made.source ../target/made.wasm", hanging));
  const building = spawn(join(root, "kwasm"), ["build", "app", "-t", "app"], {
    cwd: kwasm.directory,
    env: { ...process.env, KWASM_STATE: kwasm.stateDirectory },
    // A group of its own, so that the command ends with it.
    detached: true,
    stdio: "ignore",
  });
  await until("the command runs", () => existsSync(join(kwasm.directory, "app/made/begun")));
  process.kill(-Number(building.pid), "SIGKILL");
  await once(building, "exit");
  await kwasm.check("images", { stdout: /^REPOSITORY.*\n$/u });
  kwasm.write("app/spin.toml", manifest);
  await kwasm.check("build app -t app", { stderr: /Building/u }, { cwd: kwasm.directory });
  assert.deepEqual(readFileSync(join(kwasm.directory, "app/target/made.wasm")), Buffer.from(earlyModule()));
});
