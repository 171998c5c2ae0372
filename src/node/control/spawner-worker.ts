import { type ChildProcess, spawn } from "node:child_process";
import { parentPort } from "node:worker_threads";

import { withGroupsOfChildren } from "../syscall/groups.ts";
import { letChildrenBecomeUsers, renouncePrivilegesOfChildren } from "../syscall/privileges.ts";
import type { UserSpec } from "../workload.ts";
import { removeCellCgroups, settleCell } from "./cell-cgroups.ts";
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
  const { argv, stdio } = order.place === undefined ? plainStart(order) : heldStart(order);
  const [program = "", ...args] = argv;
  const child = spawnAs(order.user, () =>
    spawn(program, args, { env: { ...order.env }, stdio: [...stdio], detached: true }),
  );
  children.set(id, child);
  const { pid } = child;
  // At once, and by the thread that reaps it: the number is still its own.
  const complaints = pid === undefined || order.place === undefined ? [] : settleCell(pid, order.place);
  letGo(child);
  child.once("spawn", () => tell({ id, event: "started", pid: pid ?? -1, complaints }));
  child.once("exit", (code, signal) => {
    children.delete(id);
    if (pid !== undefined && order.place !== undefined) removeCellCgroups(pid, order.place);
    tell({ id, event: "ended", end: { code, signal } });
  });
  child.on("error", (error) => {
    // A signal that could not be sent is an "error" too; only a process that never was has failed.
    if (child.pid !== undefined) return;
    children.delete(id);
    tell({ id, event: "failed", message: error.message });
  });
}

interface ProcessStart {
  readonly argv: readonly string[];
  readonly stdio: readonly (number | "ignore" | "pipe")[];
}

function plainStart({ argv, descriptors }: ProcessOrder): ProcessStart {
  return { argv, stdio: descriptors.map((descriptor) => descriptor ?? "ignore") };
}

/**
 * Becomes the program when it is told to, by a line at its input: the kernel counts memory where a process is when it
 * first touches it, and an engine that begins before it is in its cgroup leaves some of its memory out of the pod's.
 */
function heldStart(order: ProcessOrder): ProcessStart {
  const { argv, stdio } = plainStart(order);
  const script = 'read -r go; exec "$@" </dev/null';
  return { argv: ["/bin/sh", "-c", script, "sh", ...argv], stdio: ["pipe", ...stdio.slice(1)] };
}

function letGo({ stdin }: ChildProcess): void {
  // One that has died already takes no line, and its end is told as any other's.
  stdin?.on("error", () => undefined);
  stdin?.end("\n");
}

/** Root's own cells need no right to become anybody, and so get none. */
function spawnAs(user: UserSpec | undefined, spawnChild: () => ChildProcess): ChildProcess {
  if (user === undefined) return spawnChild();
  return withGroupsOfChildren(user, () => (user.uid === 0 ? spawnChild() : letChildrenBecomeUsers(spawnChild)));
}

function tell(event: SpawnerEvent): void {
  parentPort?.postMessage(event);
}
