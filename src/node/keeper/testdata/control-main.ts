/** A control process with one guest and the cells of two looks at it, which it starts unless an earlier one has; says what it finds in a file. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { silentLog } from "#base";

import { Cell } from "../../control/cell.ts";
import { KeptHost } from "../../control/kept-host.ts";
import { createNodeRuntime } from "../../control/runtime.ts";
import type { OutputSpec } from "../../workload.ts";

const [, , directory = "", digest = ""] = process.argv;
const host = await KeptHost.connect({ log: silentLog, onLost: () => process.exit(1) });
const runtime = createNodeRuntime({ stateDir: join(directory, "state"), log: silentLog, host });
async function startGuest(id: string, output: OutputSpec): Promise<void> {
  const module = { path: join(directory, "guest.wasm"), digest };
  const grants = { args: [], env: [], mounts: [], memoryBytesMax: 1024 * 1024 };
  await runtime.createWorkload({ id, sandboxId: "pod", module, output, ...grants });
  await runtime.startWorkload(id);
}

// At once, while the cell is asked what it runs.
if (existsSync(join(directory, "hurry"))) await startGuest("another", { kind: "discard" });
if (host.inherited.isFirst) {
  await runtime.createSandbox({ id: "pod", group: "pods", listeners: [{ address: "127.0.0.1", port: 0 }] });
  await startGuest("guest", { kind: "fifos", stdoutPath: join(directory, "out") });
  const look = { host, log: silentLog, errorFd: 2, group: "look at guest", onGuestEnded: () => undefined };
  const looks = [await Cell.start(look), await Cell.start(look)];
  writeFileSync(join(directory, "looks"), JSON.stringify(looks.map(({ pid }) => pid)));
}
const cells = runtime.listCells().filter(({ group }) => group === "pods");
const found = { workloads: runtime.listWorkloads(), sandboxes: runtime.listSandboxes(), cells };
writeFileSync(join(directory, "found.json"), JSON.stringify(found));
process.once("SIGTERM", () => void runtime.close());
await host.ready();
