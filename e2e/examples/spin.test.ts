import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { KwasmCommand } from "../command-fixture.ts";
import { buildSpinHello } from "./build-spin-hello.ts";

/** As every tutorial has it, but for the image's name. */
const pods = `apiVersion: apps/v1
kind: Deployment
metadata: { name: wasm-spin }
spec:
  replicas: 3
  selector: { matchLabels: { app: wasm-spin } }
  template:
    metadata: { labels: { app: wasm-spin } }
    spec:
      runtimeClassName: wasmtime-spin
      containers: [{ name: spin-hello, image: "spin-hello:v1", command: ["/"] }]
---
apiVersion: v1
kind: Service
metadata: { name: wasm-spin }
spec: { selector: { app: wasm-spin }, ports: [{ port: 80, targetPort: 80 }] }
`;

if (process.env["KWASM_E2E"] === "all") {
  test("examples/rust/spin-hello is built from source as a core module and answers in three pods", async () => {
    await using kwasm = new KwasmCommand();
    await buildSpinHello(join(kwasm.directory, "spin-hello"));
    const manifest = kwasm.write("pods.yaml", pods);
    const { stdout, stderr } = await kwasm.run(["up", "-d", manifest]);
    const [, address = ""] = /service\/wasm-spin answers at (\S+)/u.exec(stdout) ?? [];
    assert.notEqual(address, "", stdout + stderr);
    for (let left = 6; left > 0; left -= 1) {
      const response = await fetch(`http://${address}/hello`, { headers: { connection: "close" } });
      assert.deepEqual([response.status, await response.text()], [200, "Hello, Fermyon\n"]);
    }
  });
}
