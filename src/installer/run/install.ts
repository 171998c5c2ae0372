import { join, posix } from "node:path";

import type { InstallReport } from "#api";
import { KwasmError } from "#base";

import type { RuntimeAnswer } from "../host/host.ts";
import type { OwnHandler } from "../plan/handlers.ts";
import type { ConfigurationPlan, FileEdit } from "../plan/plan.ts";
import { isCurrent, lastLine, notUp, serves } from "./containerd.ts";
import { endIdleRuntime } from "./end-idle-runtime.ts";
import { type Layout, placeVersion, planLayout, removeUnusedVersions, versionsInUse } from "./layout.ts";
import { type Node, planNodeConfiguration, reportOf, restoredOf } from "./node.ts";
import { renewRuntime } from "./renew-runtime.ts";
import { rollBack } from "./roll-back.ts";
import { withoutScratch } from "./scratch.ts";
import { removeEmptyShimFolders } from "./shim-files.ts";
import type { InstallState } from "./state.ts";
import { applyEdit, makeDirectories, missingDirectories, recordEdit } from "./transaction.ts";

/** A program of ours that only prints what it is. */
const PROGRAM_MS_MAX = 60_000;

export interface InstallPlan {
  readonly configuration: ConfigurationPlan;
  /** Every file that is to be as told, changed or not, in the order in which they are written. */
  readonly edits: readonly FileEdit[];
}

/** What is brought along: a version of the runtime, files of shims, or both. */
export interface Supply {
  readonly layout: Layout | undefined;
  readonly shimFiles: readonly FileEdit[];
}

/** What an install would do; reads the node and changes nothing. */
export function planInstall(node: Node, { layout, shimFiles }: Supply): InstallPlan {
  const configuration = planNodeConfiguration(node);
  const brought = layout === undefined ? [] : planLayout(node.host, layout, node.directory);
  const edits = [...brought, ...shimFiles, ...configuration.edits];
  return { configuration, edits: [...edits, ...earlierEdits(node, edits)] };
}

/** Files that an earlier install made: some go on being needed, and of the others nothing is to be left. */
function earlierEdits(node: Node, edits: readonly FileEdit[]): readonly FileEdit[] {
  const earlier = (node.state?.files ?? []).filter(({ path }) => !edits.some((edit) => edit.path === path));
  const isRuntimeNeeded = node.target.hasRuntime || versionsInUse(node.host, node.directory).size > 0;
  return earlier.map(({ path }) => {
    const before = node.host.readFile(path);
    const isShim = path.startsWith(`${node.directory}/shims/`);
    const isOfRuntime = path.startsWith(`${node.directory}/`) && !isShim;
    const isNeeded = isOfRuntime ? isRuntimeNeeded : node.target.shims.some((shim) => shim.path === path);
    if (isNeeded) return { path, before, after: before, restored: undefined };
    const restored = restoredOf(node, { path, current: before, base: undefined });
    return { path, before, after: restored, restored };
  });
}

/** Brings the node to where it serves our handlers, or leaves it as it was; says which. */
export async function install(node: Node, supply: Supply): Promise<InstallReport> {
  if (!node.target.hasRuntime) await endIdleRuntime(node);
  const plan = planInstall(node, supply);
  const done = await findDone(node, supply, plan);
  if (done !== undefined) return done;
  const state = begin(node, supply, plan);
  try {
    return await apply(node, supply, { plan, state });
  } catch (error) {
    return rollBack(node, state, KwasmError.from(error, "install on the node"));
  }
}

function versionOf({ state }: Node, { layout }: Supply): string {
  return layout?.version ?? state?.runtimeVersion ?? "";
}

/** Nothing is written where all is as it should be and is served; every other case goes the whole way. */
async function findDone(node: Node, supply: Supply, plan: InstallPlan): Promise<InstallReport | undefined> {
  const { state, host, directory, containerd, target } = node;
  const { layout } = supply;
  const isThere = layout === undefined || host.isThere(posix.join(directory, "lib/kwasm", layout.version));
  const isSame = state?.phase === "installed" && state.hasRuntime === target.hasRuntime;
  if (!isSame || !isThere || plan.edits.some(isEffective)) return undefined;
  const answer = await containerd.ask();
  if (answer === undefined || !isCurrent(answer, plan.configuration.handlers, directory)) return undefined;
  return servedReport(node, supply, { plan, answer, outcome: "unchanged" });
}

/** Copies what is to change and writes the journal; nothing outside our own folder is touched before. */
function begin(node: Node, supply: Supply, { edits }: InstallPlan): InstallState {
  const { host, store, directory, target } = node;
  const pending = node.state;
  const written = edits.filter(({ after }) => after !== undefined).map(({ path }) => posix.dirname(path));
  const missing = missingDirectories(host, [...written, store.backupDirectory]);
  makeDirectories(host, directory);
  makeDirectories(host, store.backupDirectory);
  const state: InstallState = {
    stateVersion: 1,
    phase: "applying",
    distribution: node.preset.name,
    runtimeVersion: versionOf(node, supply),
    hasRuntime: target.hasRuntime,
    shims: target.shims,
    files: edits.map((edit) => recordEdit(store, edit, pending?.phase === "installed" ? undefined : pending)),
    directories: [...new Set([...(pending?.directories ?? []), ...missing])],
    previous: pending?.phase === "installed" ? { ...pending, previous: null } : (pending?.previous ?? null),
  };
  store.write(state);
  return state;
}

interface Work {
  readonly plan: InstallPlan;
  readonly state: InstallState;
}

async function apply(node: Node, supply: Supply, { plan, state }: Work): Promise<InstallReport> {
  const { host, containerd, directory } = node;
  const { handlers, check } = plan.configuration;
  const { layout } = supply;
  for (const folder of state.directories) makeDirectories(host, folder);
  if (layout !== undefined) {
    placeVersion(host, layout, directory);
    await checkPrograms(node, layout);
  }
  for (const edit of plan.edits) applyEdit(host, edit);
  if (layout !== undefined) await checkShim(node, layout);
  await containerd.check(check, handlers, posix.join(directory, "check.toml"));
  const answer = await letServe(node, handlers);
  if (layout !== undefined) await renewRuntime(node, node.state?.runtimeVersion, layout.version);
  finish(node, state);
  return servedReport(node, supply, { plan, answer, outcome: "installed" });
}

/** Resolves when the running containerd serves the handlers, and none of ours besides. */
async function letServe({ containerd, directory }: Node, handlers: readonly OwnHandler[]): Promise<RuntimeAnswer> {
  const before = await containerd.ask();
  if (before !== undefined && isCurrent(before, handlers, directory)) return before;
  await containerd.restart();
  const answer = await containerd.waitFor((one) => isCurrent(one, handlers, directory));
  if (answer === undefined) throw notUp();
  const missing = handlers.find((handler) => !serves(answer, [handler]));
  if (missing === undefined) return answer;
  throw new KwasmError("failed-precondition", `ask containerd for its handlers: it does not serve "${missing.name}"`);
}

interface Served {
  readonly plan: InstallPlan;
  readonly answer: RuntimeAnswer;
  readonly outcome: "installed" | "unchanged";
}

function servedReport(node: Node, supply: Supply, { plan, answer, outcome }: Served): InstallReport {
  return reportOf(node, {
    outcome,
    runtimeVersion: versionOf(node, supply),
    handlers: [...answer.handlers.keys()],
    reason: "HandlersServed",
    message: describe(node, plan, node.store.statePath),
  });
}

function isEffective({ before, after }: FileEdit): boolean {
  return !(before === undefined ? after === undefined : after !== undefined && before.content.equals(after.content));
}

function finish({ host, store, directory, target }: Node, state: InstallState): void {
  const done: InstallState = { ...state, phase: "installed", previous: null };
  withoutScratch(
    host,
    state.files.map(({ path }) => path),
  );
  store.write(done);
  store.prune(done);
  removeUnusedVersions(host, directory, target.hasRuntime ? [state.runtimeVersion] : []);
  removeEmptyShimFolders(host, directory);
}

/** A machine of another kind, or a folder from which nothing may be run, is found before anything is changed. */
async function checkPrograms({ host, directory }: Node, { version }: Layout): Promise<void> {
  const home = join(directory, "lib/kwasm", version);
  const loader = host.readFile(join(home, "loader"))?.content.toString().trim() ?? "";
  const command = [join(home, "lib", loader), "--library-path", join(home, "lib"), join(home, "bin/node"), "--version"];
  const { exitCode, output, complaint } = await host.run(command, PROGRAM_MS_MAX);
  if (exitCode === 0) return;
  throw new KwasmError(
    "failed-precondition",
    `run Node in "${home}" on the node: ${lastLine(complaint || output)}; use an image for the node's architecture, and a ` +
      "folder from which programs may be run (KWASM_DIR)",
  );
}

async function checkShim({ host, directory }: Node, { version }: Layout): Promise<void> {
  const shim = join(directory, "bin/containerd-shim-kwasm-v1");
  const { exitCode, output, complaint } = await host.run([shim, "-v"], PROGRAM_MS_MAX);
  if (exitCode === 0 && output.includes(version)) return;
  throw new KwasmError("failed-precondition", `run the shim "${shim}" on the node: ${lastLine(complaint || output)}`);
}

function describe({ node }: Node, { configuration }: InstallPlan, journal: string): string {
  const { handlers, kept, adopted } = configuration;
  const sentences = [
    `containerd serves ${handlers.map(({ name }) => name).join(", ")}`,
    ...kept.map(({ name, reason }) => `handler "${name}" is somebody else's: ${reason}`),
    ...(adopted.length === 0 ? [] : [`taken over from another installer: ${adopted.join(", ")}`]),
    ...node.notes,
    `what was changed is in "${journal}"`,
  ];
  return sentences.join("; ");
}
