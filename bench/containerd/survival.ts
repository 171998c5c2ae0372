import { parseArgs } from "node:util";

import { KwasmError } from "#base";

import { type ContainerdVersion, containerdVersions } from "../../e2e/containerd/prefix.ts";
import type { ContainerdRig } from "../../e2e/containerd/rig.ts";
import { runFuzz } from "../../e2e/stress/fuzz.ts";
import { runKillCell } from "../../e2e/stress/kill-cell.ts";
import { runKillCycles } from "../../e2e/stress/kill-cycles.ts";
import { runKillKeeper } from "../../e2e/stress/kill-keeper.ts";
import { runPressure } from "../../e2e/stress/pressure.ts";
import { runRestarts } from "../../e2e/stress/restarts.ts";
import { startStressRig, type StressReport } from "../../e2e/stress/stress-rig.ts";
import { printReport } from "../measure/report.ts";

/**
 * What pods survive: each word is a scenario with a rig of its own, and each of its counts an option. Fails when
 * anything was lost or left behind, and says what.
 *
 *     survival.ts cycles --cycles 10000 --kills 1000 restarts --pods 300
 */
type Counts = Readonly<Record<string, number>>;

interface Scenario<Given extends Counts> {
  readonly counts: Given;
  readonly run: (rig: ContainerdRig, counts: Given) => Promise<StressReport>;
}

function scenario<Given extends Counts>(counts: Given, run: Scenario<Given>["run"]) {
  return {
    counts,
    run: (rig: ContainerdRig, given: Counts) => run(rig, { ...counts, ...given }),
  };
}

const scenarios: Readonly<Record<string, ReturnType<typeof scenario<Counts>>>> = {
  cycles: scenario({ cycles: 200, kills: 20, atOnce: 8 }, runKillCycles),
  restarts: scenario({ pods: 20, containerdKills: 2, controlKills: 2, seconds: 20 }, runRestarts),
  cell: scenario({ guests: 100, bystanders: 2 }, runKillCell),
  keeper: scenario({ pods: 10 }, runKillKeeper),
  pressure: scenario({ pods: 50, spinners: 8, rounds: 3 }, runPressure),
  fuzz: scenario({ attacks: 500, seed: 1 }, runFuzz),
};

const names = Object.values(scenarios).flatMap(({ counts }) => Object.keys(counts));
const declared = Object.fromEntries(names.map((name) => [optionOf(name), { type: "string" as const }]));
const {
  values,
  positionals,
}: { values: Readonly<Record<string, string | boolean | undefined>>; positionals: string[] } = parseArgs({
  options: { ...declared, containerd: { type: "string" }, json: { type: "boolean" } },
  allowPositionals: true,
});

/** `containerdKills` is `--containerd-kills`. */
function optionOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function readCounts(counts: Counts): Counts {
  const given = Object.keys(counts).filter((name) => values[optionOf(name)] !== undefined);
  return Object.fromEntries(given.map((name) => [name, Number(values[optionOf(name)])]));
}

function readVersion(): ContainerdVersion {
  const version = containerdVersions.find((one) => one === (values["containerd"] ?? "2"));
  if (version !== undefined) return version;
  throw new KwasmError("invalid-argument", `reading "--containerd": choose one of ${containerdVersions.join(", ")}`);
}

const version = readVersion();
for (const word of positionals.length === 0 ? Object.keys(scenarios) : positionals) {
  const chosen = scenarios[word];
  if (chosen === undefined) {
    throw new KwasmError("invalid-argument", `running "${word}": choose of ${Object.keys(scenarios).join(", ")}`);
  }
  await using rig = await startStressRig(version);
  const { figures, problems: lost, late = [] } = await chosen.run(rig, readCounts(chosen.counts));
  const problems = [...lost, ...late];
  const rows = [{ what: problems.length === 0 ? "nothing was lost" : lost.length > 0 ? "LOST" : "LATE", figures }];
  printReport({ bench: `survival: ${word}, containerd ${version}`, notes: problems, rows });
  if (problems.length > 0) process.exitCode = 1;
}
