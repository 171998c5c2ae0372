import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { KwasmCommand } from "../command-fixture.ts";
import { registryCommand, RegistryServer } from "../registry/registry-server.ts";
import { startContainerd } from "./rig.ts";

/** Nobody else is in the rig's network. */
const INSIDE = "127.0.0.1:5000";

for (const format of ["scratch", "wasm-artifact"]) {
  test(`an image of format ${format} is pulled by containerd, and what containerd pushes runs`, async () => {
    await using rig = await startContainerd({ version: "2" });
    await using kwasm = new KwasmCommand();
    // The registry has two processes over one folder: one that this machine sees, and one inside the rig.
    const storage = join(rig.directory, "registry");
    await using outside = await RegistryServer.start({ storage });
    const folder = join(rig.directory, "inside");
    mkdirSync(folder);
    const inside = await registryCommand(folder, { storage, address: INSIDE });
    await rig.serve(["sh", "-c", 'exec "$@" 2>&1', "registry", ...inside]);

    kwasm.writeGuest("words");
    const options = { cwd: kwasm.directory };
    const anything = { stdout: /^/, stderr: /^/ };
    await kwasm.check(`build words.wasm -t words:v1 --format ${format}`, anything, options);
    await kwasm.check(`push words:v1 ${outside.host}/words:v1`, anything, options);
    await kwasm.check("rmi words:v1", anything, options);
    await rig.ctr("images", "pull", "--plain-http", `${INSIDE}/words:v1`);
    await rig.ctr("images", "push", "--plain-http", `${INSIDE}/back:v1`, `${INSIDE}/words:v1`);
    const back = `${outside.host}/back:v1`;
    await kwasm.check(`pull -q ${back}`, anything, options);
    await kwasm.check(`run ${back} more`, { stdout: "/words.wasm\0more\0", stderr: "" }, options);
    const archive = join(rig.directory, "exported.tar");
    await rig.ctr("images", "export", archive, `${INSIDE}/words:v1`);
    await kwasm.check(`run ${archive} more`, { stdout: "/words.wasm\0more\0", stderr: "" }, options);
  });
}
