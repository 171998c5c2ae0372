import { setTimeout as sleep } from "node:timers/promises";

import { containerState } from "../containerd/cri-messages.ts";
import { Pod } from "../containerd/pod.ts";
import { readProcesses } from "../containerd/process-figures.ts";
import type { ContainerdRig } from "../containerd/rig.ts";
import { serveHello } from "../containerd/wasm-rig.ts";
import { killMarked } from "./control-process.ts";
import { findLeaks, takeHoldings } from "./leaks.ts";
import { forEachOf, idler, type StressReport } from "./stress-rig.ts";

interface KillKeeperOptions {
  readonly pods: number;
}

const AT_ONCE = 8;
/** After so long nothing of ours runs without its keeper, unless the next one has adopted it. */
const END_MS_MAX = 5_000;

/** Kills the process that holds all others of ours; the pods end with it, and nothing of them is left behind. */
export async function runKillKeeper(rig: ContainerdRig, { pods: count }: KillKeeperOptions): Promise<StressReport> {
  await Pod.countAfterOne(rig, "spin");
  const before = takeHoldings(rig);
  const pods: { readonly pod: Pod; readonly id: string }[] = [];
  await forEachOf(Array.from({ length: count }), AT_ONCE, async () => {
    const pod = await Pod.start(rig, "spin");
    pods.push({ pod, id: await pod.startContainer(idler("idler")) });
  });
  const ours = listOurs(rig);
  await killMarked(rig, "keeper");
  await sleep(END_MS_MAX);
  const problems: string[] = [];
  const alive = ours.intersection(listOurs(rig)).size;
  if (alive > 0) problems.push(`${String(alive)} processes outlived their keeper by ${String(END_MS_MAX)} ms`);
  for (const { pod, id } of pods) {
    const { state } = await pod.readStatus(id);
    if (state !== containerState.exited) problems.push(`container "${id}" is said to be in state ${String(state)}`);
  }
  const next = await serveHello(rig, "spin", "next");
  const greeting = await rig.fetchText(next.url);
  if (greeting !== "Hello from next\n") problems.push(`the next pod answered "${greeting}"`);
  await forEachOf([...pods, next], AT_ONCE, async ({ pod }) => {
    await pod.stop();
    await pod.remove();
  });
  problems.push(...(await findLeaks(rig, before)));
  return { figures: { pods: count, processesBefore: ours.size, problems: problems.length }, problems };
}

function listOurs(rig: ContainerdRig): ReadonlySet<number> {
  const processes = readProcesses(rig.listProcesses());
  return new Set(processes.filter(({ role }) => role === "ours").map(({ pid }) => pid));
}
