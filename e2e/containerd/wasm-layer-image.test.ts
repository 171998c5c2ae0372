import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";

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
  });
}
