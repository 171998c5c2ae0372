import assert from "node:assert/strict";
import { test } from "node:test";

import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { KwasmCommand } from "./command-fixture.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

const module = httpComponent(routingGuest);

const application = `spin_manifest_version = 2
[application]
name = "Two of_them"
[variables]
status = { required = true }
[[trigger.http]]
route = "/..."
component = "routes"
[[trigger.http]]
route = "/gone"
static_response = { status_code = 410, body = "gone" }
[component.routes]
source = "target/routes.wasm"
files = [{ source = "static", destination = "/" }]
variables = { status = "{{ status }}" }
`;

/** As every tutorial of KWasm and Spin has it: the command names nothing. */
const pods = `apiVersion: apps/v1
kind: Deployment
metadata: { name: hello }
spec:
  replicas: 2
  selector: { matchLabels: { app: hello } }
  template:
    metadata: { labels: { app: hello } }
    spec:
      runtimeClassName: wasmtime-spin-v2
      containers: [{ name: hello, image: "app:v1", command: ["/"], env: [{ name: STATUS, value: fine }] }]
---
apiVersion: v1
kind: Service
metadata: { name: hello }
spec: { selector: { app: hello }, ports: [{ port: 80, targetPort: 80 }] }
`;

async function answersOf(words: readonly string[], service: string, env: Readonly<Record<string, string>> = {}) {
  const { stdout, stderr } = await kwasm.run(words, { cwd: kwasm.directory, env });
  const [, address = ""] = new RegExp(`service/${service} answers at (\\S+)`, "u").exec(stdout) ?? [];
  assert.notEqual(address, "", stdout + stderr);
  return async (path: string) => {
    const answer = await fetch(`http://${address}/${path}`);
    return [answer.status, await answer.text()] as const;
  };
}

test("a container whose image has a manifest of Spin is that application, whatever its command is", async () => {
  kwasm.write("pods/app/target/routes.wasm", module);
  kwasm.write("pods/app/static/a.txt", "a");
  kwasm.write("pods/app/spin.toml", application);
  kwasm.write("pods/pods.yaml", pods);
  const ask = await answersOf(["up", "-d", "pods"], "hello");
  assert.deepEqual(await ask("hello"), [200, "Hello from WebAssembly\n"]);
  assert.deepEqual(await ask("gone"), [410, "gone"]);
  assert.deepEqual(
    [await ask("count"), await ask("count")],
    [
      [200, "1"],
      [200, "1"],
    ],
  );
  assert.deepEqual(await ask(".well-known/spin/info"), [200, '{\n  "name": "Two of_them"\n}']);
});

test("up of a manifest of Spin builds its image and runs it as a Deployment with a Service", async () => {
  kwasm.write("own/target/routes.wasm", module);
  kwasm.write("own/static/a.txt", "a");
  kwasm.write("own/spin.toml", application);
  const env = { SPIN_VARIABLE_STATUS: "fine" };
  const ask = await answersOf(["up", "-d", "own/spin.toml"], "two-of-them", env);
  assert.deepEqual(await ask("hello"), [200, "Hello from WebAssembly\n"]);
  kwasm.write("own/spin.toml", application.replace('body = "gone"', 'body = "for good"'));
  const again = await answersOf(["up", "-d", "own/spin.toml"], "two-of-them", env);
  assert.deepEqual(await again("gone"), [410, "for good"]);
});

test("a variable without a value is told as what keeps the container from its start", async () => {
  kwasm.write("own/target/routes.wasm", module);
  kwasm.write("own/spin.toml", application);
  const { code, stderr } = await kwasm.run(["up", "-d", "--timeout", "60s", "own/spin.toml"], { cwd: kwasm.directory });
  assert.notEqual(code, 0);
  assert.match(stderr, /SPIN_VARIABLE_STATUS/);
});
