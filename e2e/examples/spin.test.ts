import assert from "node:assert/strict";
import { cpSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { KwasmCommand, root } from "../command-fixture.ts";
import { RegistryServer } from "../registry/registry-server.ts";
import { servedBy } from "../served-application.ts";
import {
  installPackages,
  openMachine,
  openPythonProject,
  openRust,
  openRustFor,
  type OpenToolchain,
} from "./toolchains.ts";

interface Example {
  /** Below `examples/`. */
  readonly path: string;
  readonly open: OpenToolchain;
  readonly greeting: string;
}

const openRustModules: OpenToolchain = () => openRustFor("wasm32-wasip1");

/** SDKs of each time. Their compilers are fetched into the cache, and a build of Rust takes minutes. */
const examples: readonly Example[] = [
  { path: "rust/spin-hello", open: openRustModules, greeting: "Hello, Fermyon\n" },
  { path: "rust/spin-sdk-3", open: openRustModules, greeting: "Hello from SDK 3\n" },
  { path: "rust/spin-sdk-5", open: openRust, greeting: "Hello from SDK 5\n" },
  { path: "rust/spin-sdk-7", open: openRust, greeting: "Hello from SDK 7\n" },
  { path: "python/spin-hello", open: openPythonProject, greeting: "Hello from Python\n" },
  { path: "go/spin-wagi", open: openMachine, greeting: "Hello from Go\n" },
  { path: "javascript/spin-hello", open: installPackages, greeting: "Hello from JavaScript\n" },
];

/** As every tutorial has it, but for the image's name. */
function podsOf(image: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: wasm-spin }
spec:
  replicas: 3
  selector: { matchLabels: { app: wasm-spin } }
  template:
    metadata: { labels: { app: wasm-spin } }
    spec:
      runtimeClassName: wasmtime-spin
      containers: [{ name: spin-hello, image: "${image}", command: ["/"] }]
---
apiVersion: v1
kind: Service
metadata: { name: wasm-spin }
spec: { selector: { app: wasm-spin }, ports: [{ port: 80, targetPort: 80 }] }
`;
}

/** Builds an example from a copy of its folder, in both formats, and moves it to a registry. Resolves with its names there. */
async function publish(
  { path, open }: Example,
  kwasm: KwasmCommand,
  registry: RegistryServer,
): Promise<readonly string[]> {
  const source = join(kwasm.directory, "source");
  cpSync(join(root, "examples", path), source, { recursive: true });
  const env = await open(source);
  const names: string[] = [];
  for (const format of ["scratch", "spin"]) {
    const { code, stderr } = await kwasm.run(["build", source, "-t", format, "--format", format], { env });
    assert.equal(code, 0, stderr);
    const name = `${registry.host}/${path}:${format}`;
    await kwasm.check(`push -q ${format} ${name}`, { stdout: /^/u });
    await kwasm.check(`rmi ${format}`, {});
    names.push(name);
  }
  return names;
}

async function checkPods(kwasm: KwasmCommand, image: string, greeting: string): Promise<void> {
  const { stdout, stderr } = await kwasm.run(["up", "-d", kwasm.write("pods.yaml", podsOf(image))]);
  const [, address = ""] = /service\/wasm-spin answers at (\S+)/u.exec(stdout) ?? [];
  assert.notEqual(address, "", stdout + stderr);
  for (let left = 6; left > 0; left -= 1) {
    const response = await fetch(`http://${address}/hello`, { headers: { connection: "close" } });
    assert.deepEqual([response.status, await response.text()], [200, greeting]);
  }
}

for (const example of process.env["KWASM_E2E"] === "all" ? examples : []) {
  test(`examples/${example.path} is built from source, pushed, pulled, and answers in three pods`, async () => {
    await using registry = await RegistryServer.start();
    await using kwasm = new KwasmCommand();
    const [image = "", artifact = ""] = await publish(example, kwasm, registry);
    await checkPods(kwasm, image, example.greeting);
    await kwasm.check(`pull -q ${artifact}`, { stdout: /^/u });
    await using served = await servedBy(kwasm, artifact);
    assert.deepEqual(await served.ask("hello"), [200, example.greeting]);
  });
}

test("every Spin application of the examples is built by a test", () => {
  const texts = ["spin", "spin-data"].map((name) => readFileSync(join(import.meta.dirname, `${name}.test.ts`), "utf8"));
  const folders = globSync("*/*/spin.toml", { cwd: join(root, "examples") }).map((path) =>
    path.replace(/\/spin\.toml$/u, ""),
  );
  assert.ok(folders.length > 0);
  assert.deepEqual(
    folders.filter((folder) => !texts.join("").includes(`${folder}"`)),
    [],
  );
});
