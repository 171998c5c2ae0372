import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { httpComponent } from "../../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../../src/engine/component/testing/http-guests.ts";
import { Pod } from "./pod.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { startWasmRig } from "./wasm-rig.ts";

const routes = { name: "routes", image: "localhost/routes:v1" };

for (const version of versionsUnderTest) {
  describe(`HTTP components in pods on containerd ${version}`, () => {
    test("requests are answered on declared ports, and on port 80 where there is none", async () => {
      await using scratch = await mkdtempDisposable(join(tmpdir(), "kwasm-routes-"));
      const source = join(scratch.path, "routes.wasm");
      writeFileSync(source, httpComponent(routingGuest));
      await using rig = await startWasmRig(version, { images: { "routes:v1": source } });
      const before = await Pod.countAfterOne(rig, "spin");
      for (const { ports, port } of [
        { ports: [8080], port: 8080 },
        { ports: [], port: 80 },
      ]) {
        const pod = await Pod.start(rig, "spin");
        const id = await pod.startContainer({ ...routes, ports });
        const url = `http://${await pod.readIp()}:${port}`;
        assert.equal(await rig.fetchText(`${url}/hello`), "Hello from WebAssembly\n");
        assert.deepEqual([await rig.fetchText(`${url}/count`), await rig.fetchText(`${url}/count`)], ["1", "1"]);
        await pod.stop();
        assert.equal((await pod.readStatus(id)).exitCode, 0);
        await pod.remove();
      }
      assert.deepEqual(rig.countAll(), before);
    });
  });
}
