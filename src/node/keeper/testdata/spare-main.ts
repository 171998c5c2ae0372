/**
 * A control process that starts a guest in each of two groups, once it serves, and kills itself when its spare cell is
 * started or given away, as its first word says. The next one finds out what is left, starts what is not started yet, and
 * says so in a file.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { silentLog, systemClock } from "#base";

import type { CellHost, HostedProcess } from "../../control/cell-host.ts";
import { KeptHost } from "../../control/kept-host.ts";
import { createNodeRuntime } from "../../control/runtime.ts";

const [, , deadline = "", directory = "", digest = ""] = process.argv;
const kept = await KeptHost.connect({ log: silentLog, onLost: () => process.exit(1) });
function dieWith({ pid }: HostedProcess): void {
  writeFileSync(join(directory, "spare"), String(pid));
  process.kill(process.pid, "SIGKILL");
}
let spawned = 0;
const { isFirst } = kept.inherited;
const host: CellHost = {
  inherited: kept.inherited,
  spawn: async (order, hold) => {
    const started = await kept.spawn(order, hold);
    spawned += 1;
    if (isFirst && deadline === "started" && spawned === 2) dieWith(started);
    return started;
  },
  note: async (noted, note) => {
    await kept.note(noted, note);
    if (deadline === "given") dieWith(noted);
  },
  forget: (ended) => kept.forget(ended),
  keep: (name, descriptors) => kept.keep(name, descriptors),
  drop: (name) => kept.drop(name),
  close: () => kept.close(),
};
const clock = { nowMs: () => systemClock.nowMs(), sleep: () => Promise.resolve() };
const runtime = createNodeRuntime({ stateDir: join(directory, "state"), log: silentLog, host, clock });
process.once("SIGTERM", () => void runtime.close());
if (isFirst) await kept.ready();
const module = { path: join(directory, "guest.wasm"), digest };
const grants = { args: [], env: [], mounts: [], memoryBytesMax: 1024 * 1024, output: { kind: "discard" } } as const;
for (const id of ["first", "second"]) {
  if (isFirst) {
    await runtime.createSandbox({ id, group: `group of ${id}`, listeners: [] });
    await runtime.createWorkload({ id, sandboxId: id, module, ...grants });
  }
  const known = runtime.listWorkloads().find((workload) => workload.id === id);
  if (known?.state === "created") await runtime.startWorkload(id);
}
const found = { workloads: runtime.listWorkloads(), sandboxes: [], cells: runtime.listCells() };
writeFileSync(join(directory, "found.json"), JSON.stringify(found));
await kept.ready();
