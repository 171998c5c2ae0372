import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { buildImage, openStore } from "#image";
import { dataComponent } from "../../src/engine/component/testing/data-component.ts";
import { storingComponent } from "../../src/engine/component/testing/storing-component.ts";
import { redisServerCommand } from "../spin-data/redis-server.ts";
import { Pod } from "./pod.ts";
import type { ContainerdRig } from "./rig.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { startWasmRig } from "./wasm-rig.ts";

/** The node, as pods reach it by the bridge that they are on. */
const server = "redis://10.88.0.1:6379";

/** A component that asks Redis, where `host` lets it, and one with a store, which a runtime configuration has there too. */
function manifest(host: string): string {
  return `spin_manifest_version = 2
[application]
name = "stores"
[[trigger.http]]
route = "/..."
component = "data"
[component.data]
source = "data.wasm"
allowed_outbound_hosts = ["${host}"]
variables = { redis = "${server}", postgres = "", mysql = "" }
[[trigger.http]]
route = "/count"
component = "store"
[component.store]
source = "store.wasm"
key_value_stores = ["default"]
`;
}

const config = `[key_value_store.default]\ntype = "redis"\nurl = "${server}/1"\n`;

/** Also where its status is that of a failure. */
function answerOf(rig: ContainerdRig, url: string): Promise<string> {
  const script = "fetch(process.argv[1]).then(async (answer) => process.stdout.write(await answer.text()))";
  return rig.run([process.execPath, "--eval", script, url]);
}

/** Images laid out as Spin's own examples are, by their names, with the host that their components may ask. */
async function importApplications(
  rig: ContainerdRig,
  directory: string,
  hosts: Readonly<Record<string, string>>,
): Promise<void> {
  const store = openStore(join(directory, "images"));
  for (const [name, host] of Object.entries(hosts)) {
    const folder = join(directory, name);
    mkdirSync(folder);
    const contents = { "data.wasm": dataComponent(), "store.wasm": storingComponent(), "spin.toml": manifest(host) };
    const files = Object.entries(contents).map(([imagePath, content]) => {
      const hostPath = join(folder, imagePath);
      writeFileSync(hostPath, content);
      return { hostPath, imagePath };
    });
    const [module, ...others] = files;
    assert.ok(module !== undefined);
    await buildImage({ source: module.hostPath, moduleName: "data.wasm", files: others, name: `${name}:v1`, store });
  }
  await rig.importLayout(store.layout.directory);
}

for (const version of versionsUnderTest) {
  describe(`Spin applications in pods on containerd ${version}`, () => {
    test("components ask a server in their pod's network where they may, and pods share a store there", async () => {
      await using scratch = await mkdtempDisposable(join(tmpdir(), "kwasm-stores-"));
      await using rig = await startWasmRig(version);
      await importApplications(rig, scratch.path, { allowed: server, denied: "redis://elsewhere:6379" });
      await rig.serve(await redisServerCommand(scratch.path, ["--bind", "0.0.0.0", "--protected-mode", "no"]));
      const before = await Pod.countAfterOne(rig, "spin");
      const hostPath = join(scratch.path, "runtime-config.toml");
      writeFileSync(hostPath, config);
      const mounts = [{ hostPath, containerPath: "/runtime-config.toml", readonly: true }];
      const counts: string[] = [];
      for (const [name, answer] of [
        ["allowed", "hello from redis"],
        ["denied", "!0"],
      ]) {
        const pod = await Pod.start(rig, "spin");
        await pod.startContainer({ name: "stores", image: `localhost/${name}:v1`, command: ["/"], mounts });
        const url = `http://${await pod.readIp()}`;
        assert.equal(await answerOf(rig, `${url}/r`), answer);
        counts.push(await rig.fetchText(`${url}/count`), await rig.fetchText(`${url}/count`));
        await pod.stop();
        await pod.remove();
      }
      assert.deepEqual(counts, ["1", "2", "3", "4"]);
      assert.deepEqual(rig.countAll(), before);
    });
  });
}
