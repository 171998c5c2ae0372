import { join } from "node:path";

import { type Message, ConnectResponse, ProcessRequest, StateResponse, StatsResponse } from "#proto";
import { TtrpcClient } from "#ttrpc";

import { containerState } from "../containerd/cri-messages.ts";
import { Pod } from "../containerd/pod.ts";
import type { ContainerdRig } from "../containerd/rig.ts";
import { forEachOf, idler, illBehaved, messageOf, type StressReport } from "./stress-rig.ts";

interface PressureOptions {
  readonly pods: number;
  readonly spinners: number;
  /** How often each pod is asked for each answer. */
  readonly rounds: number;
}

/** What containerd gives to a call about a task's state: io.containerd.timeout.task.state. The others have more. */
const ANSWER_MS_MAX = 2_000;
/** Calls at once: containerd asks for one task after the other, kubelet and others beside it. */
const AT_ONCE = 4;
const STARTS_AT_ONCE = 8;
/** A call that takes as long is counted, and not waited for. */
const CALL_MS_MAX = 10_000;

const calls: Readonly<Record<string, Message<unknown>>> = {
  State: StateResponse,
  Stats: StatsResponse,
  Connect: ConnectResponse,
};

/** Asks about many waiting pods while others compute, fill memory and flood their logs, each in a cell of its own. */
export async function runPressure(rig: ContainerdRig, options: PressureOptions): Promise<StressReport> {
  const ids: string[] = [];
  await forEachOf(Array.from({ length: options.pods }), STARTS_AT_ONCE, async () => {
    const pod = await Pod.start(rig, "spin");
    ids.push(await pod.startContainer(idler("idler")));
  });
  const quiet = await askAll(rig, ids, 1);
  const culprits: string[] = [];
  const guests = [...Array.from({ length: options.spinners }, () => "spinner" as const), "hog", "flooder"] as const;
  for (const guest of guests) {
    const pod = await Pod.start(rig, "spin", { annotations: { "kwasm.sh/isolation": "pod" } });
    culprits.push(await pod.startContainer(illBehaved(guest)));
  }
  const { took, problems } = await askAll(rig, ids, options.rounds);
  const slow = took.filter((ms) => ms > ANSWER_MS_MAX).length;
  const late = slow > 0 ? [`${String(slow)} of ${took.length} answers took longer than ${ANSWER_MS_MAX} ms`] : [];
  const sorted = took.toSorted((left, right) => left - right);
  const figures = {
    pods: ids.length,
    answers: took.length,
    culpritsRunning: await countRunning(rig, culprits),
    "quiet p50 ms": middleOf(quiet.took),
    "p50 ms": middleOf(took),
    "p99 ms": sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    "max ms": sorted.at(-1) ?? Number.NaN,
    problems: problems.length,
  };
  return { figures, problems, late };
}

/** The one that fills memory is ended for it; the others are alone in their cells, and disturb nobody. */
async function countRunning(rig: ContainerdRig, ids: readonly string[]): Promise<number> {
  const { containers } = await rig.cri.call("RuntimeService/ListContainers", {});
  return containers.filter(({ id, state }) => ids.includes(id) && state === containerState.running).length;
}

function middleOf(took: readonly number[]): number {
  return took.toSorted((left, right) => left - right)[Math.floor(took.length / 2)] ?? Number.NaN;
}

async function askAll(rig: ContainerdRig, ids: readonly string[], rounds: number) {
  using client = await TtrpcClient.connect(join(`${rig.address}.kwasm`, "shim.sock"));
  const took: number[] = [];
  const problems: string[] = [];
  const questions = Array.from({ length: rounds }, () =>
    ids.flatMap((id) => Object.keys(calls).map((call) => ({ id, call }))),
  );
  await forEachOf(questions.flat(), AT_ONCE, async ({ id, call }) => {
    const startedMs = performance.now();
    try {
      await ask(client, call, id);
      took.push(performance.now() - startedMs);
    } catch (error) {
      problems.push(`asking for ${call} of "${id}": ${messageOf(error)}`);
    }
  });
  return { took, problems };
}

async function ask(client: TtrpcClient, call: string, id: string): Promise<void> {
  const response = calls[call];
  if (response === undefined) throw new Error(`"${call}" is not in the table`);
  const types = { request: ProcessRequest, response };
  await client.call({ service: "containerd.task.v2.Task", method: call }, types, { id }, { timeoutMs: CALL_MS_MAX });
}
