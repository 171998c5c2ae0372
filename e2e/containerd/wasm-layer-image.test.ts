import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { httpComponent } from "../../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../../src/engine/component/testing/http-guests.ts";
import { Pod } from "./pod.ts";
import { containerdVersions } from "./prefix.ts";
import { versionsUnderTest } from "./versions-under-test.ts";
import { writeWasmLayerLayout } from "./wasm-layer-image.ts";
import { hello, startWasmRig } from "./wasm-rig.ts";

const module = join(import.meta.dirname, "../../examples/quickstart/hello/hello.wasm");

/** Debian's 1.6 takes no image without archives: containerd does from 1.6.25 on. */
const versions = versionsUnderTest === containerdVersions ? (["1.7", "2"] as const) : (["2"] as const);

for (const version of versions) {
  describe(`containerd ${version} with KWasm and images of Wasm layers`, () => {
    for (const kind of ["runwasi", "artifact"] as const) {
      test(`an image of kind ${kind} runs, whether its module is named or not`, async () => {
        await using rig = await startWasmRig(version);
        const directory = join(rig.directory, kind);
        const image = writeWasmLayerLayout(directory, kind, module);
        await rig.importLayout(directory);
        for (const command of [["hello.wasm"], ["/"]]) {
          const pod = await Pod.start(rig, "wasmtime");
          await pod.startContainer({ ...hello, image, command, env: { HOSTNAME: kind } });
          assert.equal(await rig.fetchText(`http://${await pod.readIp()}:8080/`), `Hello from ${kind}\n`);
          await pod.stop();
          await pod.remove();
        }
      });
    }

    test("an artifact of Spin is its application, whatever the command is", async () => {
      await using rig = await startWasmRig(version);
      const component = join(rig.directory, "routes.wasm");
      writeFileSync(component, httpComponent(routingGuest));
      const directory = join(rig.directory, "spin");
      const image = writeWasmLayerLayout(directory, "spin", component);
      await rig.importLayout(directory);
      const pod = await Pod.start(rig, "spin");
      await pod.startContainer({ name: "app", image, command: ["/"] });
      assert.equal(await rig.fetchText(`http://${await pod.readIp()}/hello`), "Hello from WebAssembly\n");
      await pod.stop();
      await pod.remove();
    });
  });
}
