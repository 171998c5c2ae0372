import { setTimeout as sleep } from "node:timers/promises";

import { containerState } from "../containerd/cri-messages.ts";
import { Pod } from "../containerd/pod.ts";
import type { ContainerdRig } from "../containerd/rig.ts";
import { killMarked } from "./control-process.ts";
import { findLeaks, takeHoldings } from "./leaks.ts";
import { counter, forEachOf, messageOf, type StressReport } from "./stress-rig.ts";

interface RestartOptions {
  readonly pods: number;
  /** How often each is killed. */
  readonly containerdKills: number;
  readonly controlKills: number;
  /** How long each pod's guest writes numbered lines; it should be longer than the kills take. */
  readonly seconds: number;
}

const LINE_MS = 200;
const AT_ONCE = 8;
/** Between two kills: what the first one broke has shown by then. */
const CALM_MS = 1_500;
/** What a guest may be late by, besides the time that it was told to write. */
const LATE_MS_MAX = 120_000;

interface Counted {
  readonly pod: Pod;
  readonly id: string;
  readonly ip: string;
}

/** Runs pods that write numbered lines while containerd and control are killed, and counts what was lost. */
export async function runRestarts(rig: ContainerdRig, options: RestartOptions): Promise<StressReport> {
  await Pod.countAfterOne(rig, "spin");
  const before = takeHoldings(rig);
  const lines = Math.ceil((options.seconds * 1000) / LINE_MS);
  const counted = await startCounters(rig, options.pods, lines);
  const problems = await killInTurns(rig, options);
  problems.push(...(await waitForAll(rig, options)));
  for (const one of counted) problems.push(...(await checkEnd(one, lines)));
  await forEachOf(counted, AT_ONCE, async ({ pod }) => {
    try {
      await pod.stop();
      await pod.remove();
    } catch (error) {
      problems.push(`removing a pod: ${messageOf(error)}`);
    }
  });
  problems.push(...(await findLeaks(rig, before)));
  return { figures: { pods: options.pods, linesOfEach: lines, problems: problems.length }, problems };
}

async function startCounters(rig: ContainerdRig, pods: number, lines: number): Promise<readonly Counted[]> {
  const counted: Counted[] = [];
  await forEachOf(Array.from({ length: pods }), AT_ONCE, async () => {
    const pod = await Pod.start(rig, "spin");
    const id = await pod.startContainer(counter("counter", LINE_MS, lines));
    counted.push({ pod, id, ip: await pod.readIp() });
  });
  return counted;
}

async function killInTurns(rig: ContainerdRig, options: RestartOptions): Promise<string[]> {
  const problems: string[] = [];
  let last: string | undefined;
  let intact = await countIntact(rig);
  for (let round = 0; round < Math.max(options.containerdKills, options.controlKills); round++) {
    if (round < options.containerdKills) {
      await rig.kill("SIGKILL");
      await rig.start();
      intact = await expectIntact(rig, intact, { problems, cause: `kill ${String(round + 1)} of containerd` });
    }
    if (round < options.controlKills) {
      try {
        last = await killMarked(rig, "control", last);
      } catch (error) {
        problems.push(`kill ${String(round + 1)} of control: ${messageOf(error)}`);
        continue;
      }
      intact = await expectIntact(rig, intact, { problems, cause: `kill ${String(round + 1)} of control` });
    }
  }
  return problems;
}

/** Notes how many containers a kill has ended, and answers how many are intact. */
async function expectIntact(
  rig: ContainerdRig,
  before: number,
  { problems, cause }: { readonly problems: string[]; readonly cause: string },
): Promise<number> {
  await sleep(CALM_MS);
  const now = await countIntact(rig);
  if (now < before) problems.push(`lost by ${cause}: ${String(before - now)} of ${String(before)} containers`);
  return now;
}

/** Containers that run, or have written all their lines and exited by themselves. */
async function countIntact(rig: ContainerdRig): Promise<number> {
  const { running, succeeded } = await listStates(rig);
  return running + succeeded;
}

async function listStates(rig: ContainerdRig) {
  const { containers } = await rig.cri.call("RuntimeService/ListContainers", {});
  const others = containers.filter(({ state }) => state !== containerState.running);
  const statuses = await Promise.all(
    others.map(({ id: containerId }) => rig.cri.call("RuntimeService/ContainerStatus", { containerId })),
  );
  const succeeded = statuses.filter(({ status }) => status?.exitCode === 0).length;
  return { running: containers.length - others.length, succeeded };
}

async function waitForAll(rig: ContainerdRig, { seconds }: RestartOptions): Promise<readonly string[]> {
  const end = Date.now() + seconds * 1000 + LATE_MS_MAX;
  let { running } = await listStates(rig);
  for (; running > 0 && Date.now() < end; await sleep(CALM_MS)) ({ running } = await listStates(rig));
  return running > 0 ? [`late: ${String(running)} containers still run`] : [];
}

/** Whether the pod kept its address, and its guest wrote each line once and exited by itself. */
async function checkEnd({ pod, id, ip }: Counted, lines: number): Promise<readonly string[]> {
  const problems: string[] = [];
  const { exitCode, reason, message } = await pod.readStatus(id);
  if (exitCode !== 0) problems.push(`container "${id}" exited with ${String(exitCode)}, ${reason} ${message}`);
  const now = await pod.readIp();
  if (now !== ip) problems.push(`the address of container "${id}" was ${ip} and is "${now}"`);
  const written = pod.readLog("counter");
  const wrong = written.findIndex((line, index) => line !== `stdout F line ${String(index)}`);
  if (wrong >= 0) problems.push(`the log of "${id}" has "${String(written[wrong])}" as line ${String(wrong)}`);
  if (written.length !== lines) problems.push(`the log of "${id}" has ${written.length} of ${String(lines)} lines`);
  return problems;
}
