import { spawn, type StdioOptions } from "node:child_process";
import { parentPort } from "node:worker_threads";

import { renouncePrivilegesOfChildren } from "../syscall/privileges.ts";
import type { SpawnerEvent, SpawnerRequest } from "./spawner.ts";

/** The spawner thread's program: see Spawner. */
renouncePrivilegesOfChildren();

parentPort?.on("message", ({ id, order }: SpawnerRequest) => {
  const [program = "", ...args] = order.argv;
  const stdio: StdioOptions = order.descriptors.map((descriptor) => descriptor ?? "ignore");
  const child = spawn(program, args, { env: { ...order.env }, stdio, detached: true });
  child.once("spawn", () => tell({ id, event: "started", pid: child.pid ?? -1 }));
  child.once("exit", (code, signal) => tell({ id, event: "ended", end: { code, signal } }));
  child.once("error", (error) => tell({ id, event: "failed", message: error.message }));
});

function tell(event: SpawnerEvent): void {
  parentPort?.postMessage(event);
}
