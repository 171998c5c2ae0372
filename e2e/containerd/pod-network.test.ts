import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { clientComponent } from "../../src/engine/component/testing/client-component.ts";
import type { Handler } from "./configuration.ts";
import { type ContainerOptions, Pod } from "./pod.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { startWasmRig } from "./wasm-rig.ts";

const handler: Handler = "spin";

/** A Service of a cluster, and the name server that knows it: the one of the pods' resolv.conf. */
const service = { name: "store.default.svc.cluster.local", address: "10.96.0.20", port: 6379 };
const nameServer = "10.96.0.10";

const program = join(import.meta.dirname, "testdata/service-main.ts");

/** Asks the Service by the name that pods of its namespace have for it. */
const client: ContainerOptions = { name: "client", image: "localhost/client:v1" };

/** What the client prints where it is denied. */
const denied = ["stdout F !b"];

for (const version of versionsUnderTest) {
  describe(`outgoing connections of pods on containerd ${version}`, () => {
    test("a guest reaches a Service by name from its pod's address, by its annotation only", async () => {
      await using scratch = await mkdtempDisposable(join(tmpdir(), "kwasm-client-"));
      const source = join(scratch.path, "client.wasm");
      mkdirSync(scratch.path, { recursive: true });
      writeFileSync(source, clientComponent({ host: "store", port: service.port, text: "PING" }));
      await using rig = await startWasmRig(version, { images: { "client:v1": source } });
      for (const address of [nameServer, service.address]) {
        await rig.run(["ip", "address", "add", `${address}/32`, "dev", "lo"]);
      }
      const words = [nameServer, service.name, service.address, String(service.port)];
      await rig.serve([process.execPath, "--disable-warning=ExperimentalWarning", program, ...words]);

      async function logOf(annotations: Readonly<Record<string, string>>): Promise<readonly string[]> {
        const pod = await Pod.start(rig, handler, { annotations });
        const ip = await pod.readIp();
        await pod.waitForExit(await pod.startContainer(client));
        const log = pod.readLog(client.name).map((line) => line.replaceAll(ip, "IP"));
        await pod.stop();
        await pod.remove();
        return log;
      }

      const hosts = "kwasm.sh/allowed-outbound-hosts";
      assert.deepEqual(await logOf({ [hosts]: `store:${service.port}` }), ["stdout F PING from IP"]);
      assert.deepEqual(await logOf({}), denied);
      assert.deepEqual(await logOf({ [hosts]: "store:80" }), denied);
      assert.deepEqual(await logOf({ [hosts]: "other" }), denied);
    });
  });
}
