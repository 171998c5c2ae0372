import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";

import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { openStore } from "../src/image/store/store.ts";
import { putTestImage } from "../src/image/testing/make-image.ts";
import { endOf, KwasmCommand, until } from "./command-fixture.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

const module = Buffer.from(httpComponent(routingGuest));
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const data = Buffer.from("from a layer");

/** As `spin registry push` writes it: modules and large files by their digests, small files in the document. */
const application = JSON.stringify({
  spin_lock_version: 1,
  metadata: { name: "pushed", trigger: {} },
  variables: { status: { required: true } },
  triggers: [
    { id: "routes", trigger_type: "http", trigger_config: { component: "routes", executor: null, route: "/..." } },
  ],
  components: [
    {
      id: "routes",
      source: { content_type: "application/wasm", digest: digestOf(module) },
      files: [
        { digest: digestOf(data), path: "layer.txt" },
        { inline: Buffer.from("inline").toString("base64"), path: "inline.txt" },
      ],
      config: { status: "{{ status }}" },
    },
  ],
});

const pods = `apiVersion: apps/v1
kind: Deployment
metadata: { name: hello }
spec:
  replicas: 2
  selector: { matchLabels: { app: hello } }
  template:
    metadata: { labels: { app: hello } }
    spec:
      containers: [{ name: hello, image: "pushed:v1", command: ["/"], env: [{ name: STATUS, value: fine }] }]
---
apiVersion: v1
kind: Service
metadata: { name: hello }
spec: { selector: { app: hello }, ports: [{ port: 80, targetPort: 80 }] }
`;

await putTestImage(openStore(join(kwasm.stateDirectory, "images")), {
  name: "pushed:v1",
  layers: [
    { mediaType: "application/vnd.wasm.content.layer.v1+wasm", bytes: module },
    { mediaType: "application/vnd.wasm.content.layer.v1+data", bytes: data },
  ],
  config: { mediaType: "application/vnd.fermyon.spin.application.v1+config", text: application },
});

test("kwasm serve runs a Spin application that a registry keeps as an artifact", async () => {
  const serving = kwasm.start(["serve", "--listen", "127.0.0.1:0", "pushed:v1"], {
    env: { SPIN_VARIABLE_STATUS: "fine" },
  });
  const ended = endOf(serving);
  let said = "";
  serving.stderr.on("data", (chunk) => (said += String(chunk)));
  await until("it serves", () => /Serving HTTP on \S+\n/u.test(said));
  const url = /Serving HTTP on (?<url>http:\S+)/u.exec(said)?.groups?.["url"] ?? "";
  const answer = await fetch(`${url}hello`);
  assert.deepEqual([answer.status, await answer.text()], [200, "Hello from WebAssembly\n"]);
  serving.kill("SIGTERM");
  assert.equal((await ended).code, 0);
});

test("a variable of an artifact that has no value is told at the start", async () => {
  await kwasm.check("serve pushed:v1", { code: 126, stderr: /set "SPIN_VARIABLE_STATUS"/u });
});

test("kwasm run sends an artifact of Spin to what serves it", async () => {
  await kwasm.check("run pushed:v1", { code: 126, stderr: /it is a Spin application/u });
});

test("a container whose image is an artifact of Spin is that application", async () => {
  kwasm.write("pods/pods.yaml", pods);
  const { stdout, stderr } = await kwasm.run(["up", "-d", "pods"], { cwd: kwasm.directory });
  const address = /service\/hello answers at (\S+)/u.exec(stdout)?.[1];
  assert.ok(address !== undefined, stdout + stderr);
  const answer = await fetch(`http://${address}/hello`);
  assert.deepEqual([answer.status, await answer.text()], [200, "Hello from WebAssembly\n"]);
});
