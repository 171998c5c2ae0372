import assert from "node:assert/strict";
import { test } from "node:test";

import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { KwasmCommand } from "./command-fixture.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

const manifest = `apiVersion: v1
kind: Pod
metadata: { name: routes, labels: { app: routes } }
spec:
  containers: [{ name: one, image: "routes:v1", ports: [{ containerPort: 8080 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: routes }
spec: { selector: { app: routes }, ports: [{ port: 80, targetPort: 8080 }] }
`;

test("a pod of kwasm up answers HTTP requests by a component, each by an instance of its own", async () => {
  kwasm.write("pods/routes.wasm", httpComponent(routingGuest));
  kwasm.write("pods/pods.yaml", manifest);
  const { stdout, stderr } = await kwasm.run(["up", "-d", "pods"], { cwd: kwasm.directory });
  const [, address = ""] = /service\/routes answers at (\S+)/u.exec(stdout) ?? [];
  assert.notEqual(address, "", stderr);
  const ask = async (path: string) => (await fetch(`http://${address}/${path}`)).text();
  assert.equal(await ask("hello"), "Hello from WebAssembly\n");
  assert.deepEqual([await ask("count"), await ask("count")], ["1", "1"]);
  assert.equal(await ask("trap"), "the request failed\n");
  assert.equal(await ask("hello"), "Hello from WebAssembly\n");
});
