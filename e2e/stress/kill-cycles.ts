import { KwasmError } from "#base";

import { ContainerdClient } from "../containerd/containerd-methods.ts";
import type { ContainerdRig } from "../containerd/rig.ts";
import { killMarked } from "./control-process.ts";
import { findLeaks, takeHoldings } from "./leaks.ts";
import { forEachOf, idler, messageOf, type StressReport } from "./stress-rig.ts";

interface KillCycleOptions {
  /** Tasks that are created, started, killed and deleted. */
  readonly cycles: number;
  /** How often control is killed meanwhile. */
  readonly kills: number;
  readonly atOnce: number;
}

const SIGKILL = 9;

/** Creates, starts, kills and deletes tasks while control is killed again and again. */
export async function runKillCycles(rig: ContainerdRig, options: KillCycleOptions): Promise<StressReport> {
  const { cycles, kills, atOnce } = options;
  using containerd = new ContainerdClient(rig.address);
  const free = await createContainers(rig, atOnce);
  // The first tasks make what all later ones share.
  for (const id of free) await runCycle(containerd, id);
  const before = takeHoldings(rig);
  const problems: string[] = [];
  const killer = new Killer(rig, cycles / Math.max(kills, 1), kills);
  const numbers = Array.from({ length: cycles }, (_, index) => index);
  await forEachOf(numbers, atOnce, async (index) => {
    const id = free.pop() ?? "";
    try {
      await runCycle(containerd, id);
    } catch (error) {
      problems.push(`lost in cycle ${String(index)}, ${messageOf(error)}`);
      await cleanUp(containerd, id);
    }
    free.push(id);
    await killer.advance();
  });
  problems.push(...(await findLeaks(rig, before)));
  return { figures: { cycles, kills: killer.killed, problems: problems.length }, problems };
}

async function createContainers(rig: ContainerdRig, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `cycled-${String(index)}`);
  const { image, command = [] } = idler("idle");
  for (const id of ids) {
    await rig.ctr("containers", "create", "--runtime", "io.containerd.spin.v2", image, id, ...command);
  }
  return ids;
}

async function runCycle(containerd: ContainerdClient, containerId: string): Promise<void> {
  await containerd.createTask(containerId);
  const ended = containerd.call("tasks.v1.Tasks/Wait", { containerId });
  // It is awaited below; where an earlier call fails, its own failure says nothing more.
  ended.catch(() => undefined);
  await containerd.call("tasks.v1.Tasks/Start", { containerId });
  await containerd.call("tasks.v1.Tasks/Kill", { containerId, signal: SIGKILL });
  const { exitStatus } = await ended;
  if (exitStatus !== 137) throw new KwasmError("internal", `task "${containerId}" exited with ${exitStatus}`);
  await containerd.call("tasks.v1.Tasks/Delete", { containerId });
}

/** Lets the container be used again after a call about its task was lost. */
async function cleanUp(containerd: ContainerdClient, containerId: string): Promise<void> {
  try {
    await containerd.call("tasks.v1.Tasks/Kill", { containerId, signal: SIGKILL });
    await containerd.call("tasks.v1.Tasks/Wait", { containerId });
  } catch {
    // It has ended, or was never there; what counts is whether it can be deleted.
  }
  try {
    await containerd.call("tasks.v1.Tasks/Delete", { containerId });
  } catch {
    // There is none; if there is, the next Create says so.
  }
}

/** Kills control after each `every` steps, while the others go on. */
class Killer {
  readonly #rig: ContainerdRig;
  readonly #every: number;
  readonly #max: number;
  #steps = 0;
  #due = 0;
  killed = 0;
  #last: string | undefined;
  #killing = Promise.resolve();

  constructor(rig: ContainerdRig, every: number, max: number) {
    this.#rig = rig;
    this.#every = every;
    this.#max = max;
  }

  async advance(): Promise<void> {
    this.#steps++;
    if (this.#steps < (this.#due + 1) * this.#every || this.#due >= this.#max) return;
    this.#due++;
    this.#killing = this.#killing.then(() => this.#kill());
    await this.#killing;
  }

  async #kill(): Promise<void> {
    this.#last = await killMarked(this.#rig, "control", this.#last);
    this.killed++;
  }
}
