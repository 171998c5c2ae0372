import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { KwasmError, silentLog } from "#base";

import { createNodeRuntime } from "../runtime.ts";
import { guestModule } from "./guests.ts";

/** Fills the journal to the limit of this process and prints how a guest ends that ran meanwhile. */
const [, , path = ""] = process.argv;
// Its default ends the process; ignored, the write fails instead.
process.on("SIGXFSZ", () => undefined);
const runtime = createNodeRuntime({ stateDir: join(path, "state"), log: silentLog });
await runtime.createSandbox({ id: "pod", group: "default", listeners: [] });
const { bytes, digest } = await guestModule("greeter");
const module = { path: join(path, "guest.wasm"), digest };
writeFileSync(module.path, bytes);
const spec = {
  sandboxId: "pod",
  module,
  args: [],
  mounts: [],
  output: { kind: "discard" },
  memoryBytesMax: 65_536,
} as const;
await runtime.createWorkload({ ...spec, id: "a", env: [] });
try {
  for (let count = 0; ; count++) await runtime.createWorkload({ ...spec, id: `filler-${String(count)}`, env: [] });
} catch (error) {
  console.log(KwasmError.from(error, "fill the journal").code);
}
await runtime.startWorkload("a");
const exit = await runtime.waitWorkload("a");
console.log(`${String(exit.code)} ${exit.reason}`);
process.exit(0);
