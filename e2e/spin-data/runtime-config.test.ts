import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { storingComponent } from "../../src/engine/component/testing/storing-component.ts";
import { ComponentOfTest } from "../../src/spin-host/interfaces/component-fixture.ts";
import { KwasmCommand } from "../command-fixture.ts";
import { askUntil } from "../containerd/ask-until.ts";
import { answersOf } from "../spin-fixture.ts";
import { startRedis } from "./redis-server.ts";

const stack = new AsyncDisposableStack();
test.after(() => stack.disposeAsync());
const kwasm = stack.use(new KwasmCommand());
const redis = stack.use(await startRedis());
const url = `redis://127.0.0.1:${redis.port}`;

const manifest = kwasm.write(
  "app/spin.toml",
  `spin_manifest_version = 2
[application]
name = "stores"
[variables]
greeting = { default = "hello" }
[[trigger.http]]
route = "/..."
component = "c"
[component.c]
source = "c.wasm"
variables = { greeting = "{{ greeting }}" }
key_value_stores = ["default"]
`,
);
kwasm.write("app/c.wasm", storingComponent());

async function answers(config: string, paths: readonly string[], env = {}): Promise<readonly string[]> {
  const file = kwasm.write("config/runtime-config.toml", config);
  return answersOf(kwasm, ["--runtime-config-file", file, manifest], paths, env);
}

const ok = (value?: unknown) => (value === undefined ? { tag: "ok" } : { tag: "ok", value });

test("a store of the runtime configuration is where that says, and variables have their values from it", async () => {
  const statics = '[[variables_provider]]\ntype = "static"\nvalues = { greeting = "hi" }\n';
  const inFile = `${statics}[key_value_store.default]\ntype = "spin"\npath = "own.db"\n`;
  assert.deepEqual(await answers(inFile, ["v", "count"]), ["hi", "1"]);
  assert.ok(existsSync(join(kwasm.directory, "config/own.db")));
  const prefixed = '[[variables_provider]]\ntype = "env"\nprefix = "APP"\n';
  const inRedis = `${prefixed}[key_value_store.default]\ntype = "redis"\nurl = "${url}/3"\n`;
  const env = { APP_GREETING: "hey", SPIN_VARIABLE_GREETING: "no" };
  assert.deepEqual(await answers(inRedis, ["v", "count", "count"], env), ["hey", "1", "2"]);
  assert.deepEqual(await answers(inRedis, ["count"]), ["3"]);
  assert.ok(!existsSync(join(kwasm.directory, "app/.spin")));
});

test("a runtime configuration that asks for what is not there is refused, and one for another program too", async () => {
  const file = kwasm.write("config/wrong.toml", '[[variables_provider]]\ntype = "vault"\n');
  const words = ["serve", "--runtime-config-file", file];
  const refused = await kwasm.run([...words, manifest]);
  assert.equal(refused.code, 126);
  assert.match(refused.stderr, /"vault" is not asked here; use "static" or "env"/);
  const missing = await kwasm.run(["serve", "--runtime-config-file", "none.toml", manifest]);
  assert.match(missing.stderr, /none\.toml/);
  const other = await kwasm.run([
    ...words.slice(0, 2),
    kwasm.write("config/empty.toml", ""),
    join(kwasm.directory, "app/c.wasm"),
  ]);
  assert.match(other.stderr, /it is no Spin application/);
});

test("a store in Redis is the same as one in a file, by all of its interfaces", async () => {
  const storage = {
    keyValueStores: [["cache", { kind: "redis", url: `${url}/4` }]] as const,
    outbound: [url],
  };
  using component = new ComponentOfTest({ keyValueStores: ["cache", "absent"] }, storage);
  const [spin, wasi] = ["fermyon:spin/key-value@2#", "wasi:keyvalue/"];
  const store = await component.value(`${spin}[static]store.open`, "cache");
  const [one, two] = [new Uint8Array([0, 255]), new Uint8Array([2])];
  await component.check(ok(), `${spin}[method]store.set`, store, "a", one);
  await component.check(ok(one), `${spin}[method]store.get`, store, "a");
  await component.check({ tag: "ok", value: undefined }, `${spin}[method]store.get`, store, "b");
  await component.check(ok(true), `${spin}[method]store.exists`, store, "a");
  await component.check(ok(["a"]), `${spin}[method]store.get-keys`, store);
  const bucket = await component.value(`${wasi}store@0.2.0-draft2#open`, "cache");
  const atomics = `${wasi}atomics@0.2.0-draft2#`;
  await component.check(ok(5n), `${atomics}increment`, bucket, "n", 5n);
  const first = await component.value(`${atomics}[static]cas.new`, bucket, "a");
  const second = await component.value(`${atomics}[static]cas.new`, bucket, "a");
  const absent = await component.value(`${atomics}[static]cas.new`, bucket, "new");
  await component.check(ok(), `${atomics}swap`, first, two);
  await component.check(ok(), `${atomics}swap`, absent, two);
  const late = (await component.call(`${atomics}swap`, second, one)) as { readonly value: { readonly tag: string } };
  assert.equal(late.value.tag, "cas-failed");
  await component.check(ok(two), `${spin}[method]store.get`, store, "a");
  await component.check(ok(), `${spin}[method]store.delete`, store, "a");
  await component.check(ok(false), `${spin}[method]store.exists`, store, "a");
  const none = { tag: "err", value: { tag: "no-such-store" } };
  await component.check(none, `${spin}[static]store.open`, "absent");
});

/** As spin-operator gives pods the file: a Secret, mounted in its place. */
const pods = `apiVersion: v1
kind: Secret
metadata: { name: settings }
stringData:
  runtime-config.toml: |
    [[variables_provider]]
    type = "static"
    values = { greeting = "hi from a Secret" }
    [key_value_store.default]
    type = "redis"
    url = "${url}/9"
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: stores }
spec:
  replicas: 2
  selector: { matchLabels: { app: stores } }
  template:
    metadata: { labels: { app: stores } }
    spec:
      runtimeClassName: wasmtime-spin-v2
      containers:
        - name: stores
          image: "app:v1"
          volumeMounts: [{ name: settings, mountPath: /runtime-config.toml, subPath: runtime-config.toml }]
      volumes: [{ name: settings, secret: { secretName: settings } }]
---
apiVersion: v1
kind: Service
metadata: { name: stores }
spec: { selector: { app: stores }, ports: [{ port: 80 }] }
`;

test("pods have their runtime configuration from a Secret, and a store together", async () => {
  kwasm.write("pods/pods.yaml", pods);
  kwasm.write("pods/app/spin.toml", readFileSync(manifest, "utf8"));
  kwasm.write("pods/app/c.wasm", storingComponent());
  const { stdout, stderr } = await kwasm.run(["up", "-d", "pods"], { cwd: kwasm.directory });
  const [, address = ""] = /service\/stores answers at (\S+)/u.exec(stdout) ?? [];
  assert.notEqual(address, "", stdout + stderr);
  const ask = async (path: string): Promise<string> => (await fetch(`http://${address}/${path}`)).text();
  assert.equal(await ask("v"), "hi from a Secret");
  const counts = [await ask("count"), await ask("count"), await ask("count"), await ask("count")];
  assert.deepEqual(counts, ["1", "2", "3", "4"]);
  // Their connections end with them.
  await kwasm.check("down", {});
});

test("a store whose connection was lost connects anew", async () => {
  const storage = { keyValueStores: [["cache", { kind: "redis", url: `${url}/5` }]] as const, outbound: [url] };
  using component = new ComponentOfTest({ keyValueStores: ["cache"], outbound: [url] }, storage);
  const spin = "fermyon:spin/key-value@2#";
  const store = await component.value(`${spin}[static]store.open`, "cache");
  const exists = () => component.call(`${spin}[method]store.exists`, store, "a");
  assert.deepEqual(await exists(), ok(false));
  const words = ["KILL", "TYPE", "normal"].map((word) => ({ tag: "binary", value: Buffer.from(word) }));
  const killed = await component.value("fermyon:spin/redis#execute", url, "CLIENT", words);
  assert.deepEqual(killed, [{ tag: "int64", value: 1n }]);
  await askUntil("an answer of the store", async () => {
    const { tag } = (await exists()) as { readonly tag: string };
    return tag === "ok" ? tag : undefined;
  });
});

test("a store whose Redis is not there answers with an error, and other stores go on", async () => {
  const storage = {
    keyValueStores: [["cache", { kind: "redis", url: "redis://127.0.0.1:1" }]] as const,
    outbound: ["redis://127.0.0.1:1"],
  };
  using component = new ComponentOfTest({ keyValueStores: ["cache", "default"] }, storage);
  const spin = "fermyon:spin/key-value@2#";
  const store = await component.value(`${spin}[static]store.open`, "cache");
  const refused = (await component.call(`${spin}[method]store.get`, store, "a")) as {
    readonly value: { readonly tag: string };
  };
  assert.equal(refused.value.tag, "other");
  const other = await component.value(`${spin}[static]store.open`, "default");
  await component.check({ tag: "ok", value: false }, `${spin}[method]store.exists`, other, "a");
});
