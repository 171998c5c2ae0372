import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { parentPort } from "node:worker_threads";

import { renouncePrivilegesOfChildren } from "../syscall/privileges.ts";
import type { ProcessOrder, SpawnerEvent, SpawnerRequest } from "./spawner.ts";

const children = new Map<number, ChildProcess>();

/** The spawner thread's program: see Spawner. */
renouncePrivilegesOfChildren();

parentPort?.on("message", (request: SpawnerRequest) => {
  if ("signal" in request) {
    children.get(request.id)?.kill(request.signal);
    return;
  }
  try {
    start(request.id, request.order);
  } catch (error) {
    // What Node throws instead of telling it (no memory, for one) would end this thread, and every cell with it.
    tell({ id: request.id, event: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});

function start(id: number, order: ProcessOrder): void {
  const [program = "", ...args] = order.argv;
  const stdio: StdioOptions = order.descriptors.map((descriptor) => descriptor ?? "ignore");
  const child = spawn(program, args, { env: { ...order.env }, stdio, detached: true });
  children.set(id, child);
  child.once("spawn", () => tell({ id, event: "started", pid: child.pid ?? -1 }));
  child.once("exit", (code, signal) => {
    children.delete(id);
    tell({ id, event: "ended", end: { code, signal } });
  });
  child.on("error", (error) => {
    // A signal that could not be sent is an "error" too; only a process that never was has failed.
    if (child.pid !== undefined) return;
    children.delete(id);
    tell({ id, event: "failed", message: error.message });
  });
}

function tell(event: SpawnerEvent): void {
  parentPort?.postMessage(event);
}
