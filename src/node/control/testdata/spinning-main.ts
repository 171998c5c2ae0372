import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { silentLog } from "#base";

import { createNodeRuntime } from "../runtime.ts";
import { guestModule } from "./guests.ts";

/** A control process whose only guest never yields and holds the FIFO `out`; says when it runs and stays. */
const [, , path = ""] = process.argv;
const runtime = createNodeRuntime({ stateDir: join(path, "state"), log: silentLog });
await runtime.createSandbox({ id: "pod", group: "default", listeners: [] });
const { bytes, digest } = await guestModule("spinner");
const module = { path: join(path, "guest.wasm"), digest };
writeFileSync(module.path, bytes);
await runtime.createWorkload({
  id: "a",
  sandboxId: "pod",
  module,
  args: [],
  env: [],
  mounts: [],
  output: { kind: "fifos", stdoutPath: join(path, "out") },
  memoryBytesMax: 65_536,
});
await runtime.startWorkload("a");
console.log("it runs");
setInterval(() => undefined, 60_000);
