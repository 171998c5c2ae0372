import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { KwasmError } from "#base";
import { ProcessRequest, WaitResponse } from "#proto";
import { TtrpcClient } from "#ttrpc";

import { listCells } from "../containerd/cells.ts";
import { containerState } from "../containerd/cri-messages.ts";
import { Pod } from "../containerd/pod.ts";
import type { ContainerdRig } from "../containerd/rig.ts";
import { forEachOf, idler, type StressReport } from "./stress-rig.ts";

interface KillCellOptions {
  readonly guests: number;
  /** Pods with cells of their own, which are not to notice. */
  readonly bystanders: number;
}

const GUESTS_PER_POD = 25;
const AT_ONCE = 8;
/** All exits are to be told to containerd after so long. */
const TOLD_MS_MAX = 1_000;
const GIVE_UP_MS = 30_000;
const ASK_AGAIN_MS = 20;

/**
 * Kills the cell that all guests of a namespace share, and measures until all their exits were told, as containerd is
 * told them, and until all are known through CRI, which does one after the other.
 */
export async function runKillCell(rig: ContainerdRig, options: KillCellOptions): Promise<StressReport> {
  const victims = await startGuests(rig, options.guests);
  const [cell, ...others] = listCells(rig).used;
  if (cell === undefined || others.length > 0) {
    throw new KwasmError("internal", `finding the guests' cell: there are ${String(others.length + 1)} and not one`);
  }
  const bystanders: string[] = [];
  for (let count = 0; count < options.bystanders; count++) {
    const pod = await Pod.start(rig, "spin", { annotations: { "kwasm.sh/isolation": "pod" } });
    bystanders.push(await pod.startContainer(idler("bystander")));
  }
  using client = await TtrpcClient.connect(join(`${rig.address}.kwasm`, "shim.sock"));
  const told = Promise.all([...victims].map((id) => waitForExit(client, id)));
  process.kill(cell, "SIGKILL");
  const startedMs = performance.now();
  await told;
  const toldMs = performance.now() - startedMs;
  const left = await waitForEnds(rig, victims);
  const knownMs = performance.now() - startedMs;
  const problems: string[] = [];
  if (left > 0) problems.push(`${String(left)} of ${String(victims.size)} exits are not known to CRI`);
  const late = toldMs > TOLD_MS_MAX ? [`all exits were told after ${toldMs.toFixed(0)} ms only`] : [];
  problems.push(...(await checkCodes(rig, victims)));
  const running = await listRunning(rig);
  const hurt = bystanders.filter((id) => !running.has(id));
  if (hurt.length > 0) problems.push(`${String(hurt.length)} guests of other cells were ended too`);
  return { figures: { guests: victims.size, toldMs, knownMs, problems: problems.length }, problems, late };
}

async function waitForExit(client: TtrpcClient, id: string): Promise<void> {
  const [name, types] = [
    { service: "containerd.task.v2.Task", method: "Wait" },
    { request: ProcessRequest, response: WaitResponse },
  ];
  await client.call(name, types, { id }, { timeoutMs: GIVE_UP_MS });
}

async function startGuests(rig: ContainerdRig, guests: number): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const pods = Array.from({ length: Math.ceil(guests / GUESTS_PER_POD) }, (_, index) => index);
  await forEachOf(pods, AT_ONCE, async (index) => {
    const pod = await Pod.start(rig, "spin");
    const count = Math.min(GUESTS_PER_POD, guests - index * GUESTS_PER_POD);
    for (let guest = 0; guest < count; guest++) ids.add(await pod.startContainer(idler(`guest-${String(guest)}`)));
  });
  return ids;
}

async function listRunning(rig: ContainerdRig): Promise<ReadonlySet<string>> {
  const { containers } = await rig.cri.call("RuntimeService/ListContainers", {});
  return new Set(containers.filter(({ state }) => state === containerState.running).map(({ id }) => id));
}

/** How many of them still run when all have ended or it was given up. */
async function waitForEnds(rig: ContainerdRig, ids: ReadonlySet<string>): Promise<number> {
  for (const end = Date.now() + GIVE_UP_MS; ; await sleep(ASK_AGAIN_MS)) {
    const left = ids.intersection(await listRunning(rig)).size;
    if (left === 0 || Date.now() > end) return left;
  }
}

async function checkCodes(rig: ContainerdRig, ids: ReadonlySet<string>): Promise<readonly string[]> {
  const codes = new Map<string, number>();
  await forEachOf(ids, AT_ONCE, async (containerId) => {
    const { status } = await rig.cri.call("RuntimeService/ContainerStatus", { containerId });
    const end = `${String(status?.exitCode)} ${status?.reason ?? ""}`;
    codes.set(end, (codes.get(end) ?? 0) + 1);
  });
  codes.delete("137 Error");
  return [...codes].map(([end, count]) => `${String(count)} guests ended with "${end}" and not with "137 Error"`);
}
