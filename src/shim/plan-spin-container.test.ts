import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import type { Bundle } from "./bundle.ts";
import type { ContainerdImages } from "./content/containerd-images.ts";
import { planContainer } from "./plan-container.ts";

const manifest = `spin_manifest_version = 2
[application]
name = "hello"
[variables]
greeting = { required = true }
[[trigger.http]]
route = "/hello"
component = "hello"
[component.hello]
source = "/target/hello.wasm"
environment = { GREETING = "own" }
variables = { greeting = "{{ greeting }}" }
allowed_outbound_hosts = ["https://example.com"]
`;

const bundle = {
  args: ["/"],
  env: [["GREETING", "hi"]],
  workingDirectory: "/",
  isRootReadOnly: true,
  mounts: [],
  annotations: {},
  limits: {},
  network: { kind: "own", path: "/var/run/netns/a" },
  namespaces: [],
  hostname: "",
  sysctls: {},
} as const satisfies Omit<Bundle, "rootPath">;

test("a file that is mounted as its runtime configuration says where an application's stores are", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-spin-"));
  const config = join(directory.path, "of-kubelet");
  writeFileSync(config, '[key_value_store.default]\ntype = "redis"\nurl = "redis://cache:6379"\n');
  mkdirSync(join(directory.path, "target"));
  writeFileSync(join(directory.path, "target/hello.wasm"), "module");
  writeFileSync(join(directory.path, "spin.toml"), manifest);
  const mount = { type: "bind", source: config, destination: "/runtime-config.toml", options: ["rbind", "ro"] };
  const { workload } = await planContainer({
    identity: { namespace: "k8s.io", id: "a", bundle: directory.path },
    streams: { stdin: "", stdout: "", stderr: "", terminal: false },
    bundle: { ...bundle, rootPath: directory.path, mounts: [mount] },
    pod: undefined,
    images: {} as ContainerdImages,
  });
  assert.deepEqual(workload.application?.storage.keyValueStores, [
    ["default", { kind: "redis", url: "redis://cache:6379" }],
  ]);
  assert.deepEqual(workload.network?.outbound, ["https://example.com", "redis://cache:6379"]);
});

test("a container whose root has a manifest of Spin is that application, at port 80 where it declares none", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-spin-"));
  mkdirSync(join(directory.path, "target"));
  writeFileSync(join(directory.path, "target/hello.wasm"), "module");
  writeFileSync(join(directory.path, "spin.toml"), manifest);
  const { sandbox, workload } = await planContainer({
    identity: { namespace: "k8s.io", id: "a", bundle: directory.path },
    streams: { stdin: "", stdout: "", stderr: "", terminal: false },
    bundle: { ...bundle, rootPath: directory.path },
    pod: undefined,
    // Nobody is asked: the root has what is needed.
    images: {} as ContainerdImages,
  });
  assert.deepEqual(sandbox.listeners, [{ address: "*", port: 80 }]);
  const [component] = workload.application?.components ?? [];
  assert.deepEqual(workload.module, component?.module);
  assert.deepEqual(component?.variables, [["greeting", "hi"]]);
  assert.deepEqual(component?.environment, [["GREETING", "own"]]);
  assert.deepEqual(workload.network?.outbound, ["https://example.com"]);
});
