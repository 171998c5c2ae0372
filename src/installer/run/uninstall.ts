import { posix } from "node:path";

import type { InstallReport } from "#api";
import { KwasmError } from "#base";

import { editAdoptedDropIns, isOwnFile } from "../plan/edits.ts";
import { listDropInFolders, listPlaces } from "../plan/plan-configuration.ts";
import type { FileEdit } from "../plan/plan.ts";
import { notUp } from "./containerd.ts";
import { endIdleRuntime } from "./end-idle-runtime.ts";
import { removeUnusedVersions, versionsInUse } from "./layout.ts";
import { type Node, reportOf, restoredOf } from "./node.ts";
import { rollBack } from "./roll-back.ts";
import { withoutScratch } from "./scratch.ts";
import type { InstallState } from "./state.ts";
import { applyEdit, makeDirectories, recordEdit, removeDirectories } from "./transaction.ts";

/** What `uninstall` would do to files of the node outside our own folder; reads the node and changes nothing. */
export function planUninstall(node: Node): readonly FileEdit[] {
  const { state, directory } = node;
  const recorded = (state?.files ?? []).map(({ path }) => path).filter((path) => !path.startsWith(`${directory}/`));
  // The file that names drop-ins goes before them, and what is in no journal is found by its marks.
  const paths = new Set([...recorded.toReversed(), ...listPlaces(node.node)]);
  const edits = [...paths].flatMap((path) => {
    const before = node.host.readFile(path);
    const isOwn = before !== undefined && isOwnFile(before.content.toString());
    const after = isOwn ? undefined : restoredOf(node, { path, current: before, base: undefined });
    const edit = { path, before, after, restored: after };
    return isEmptyEdit(edit) ? [] : [edit];
  });
  const others = listDropInFolders(node.node).flatMap((folder) => editAdoptedDropIns(node.inputs, folder, ""));
  return [...edits, ...others.filter((other) => !edits.some(({ path }) => path === other.path))];
}

function isEmptyEdit({ before, after }: FileEdit): boolean {
  if (before === undefined || after === undefined) return before === after;
  return before.content.equals(after.content) && before.mode === after.mode;
}

/** Takes all of ours from the node; what it serves otherwise goes on. */
export async function uninstall(node: Node): Promise<InstallReport> {
  const edits = planUninstall(node);
  const hasFolder = [node.directory, ...parentsOf(node.directory)].some((path) => node.host.isThere(path));
  const isClean = edits.length === 0 && node.state === undefined && !hasFolder;
  if (isClean) return removedReport(node, "there was nothing of ours on the node");
  const state = begin(node, edits);
  try {
    for (const edit of edits) applyEdit(node.host, edit);
    await stopServing(node);
  } catch (error) {
    return rollBack(node, state, KwasmError.from(error, "remove the runtime from the node"));
  }
  return clean(node, state);
}

function begin(node: Node, edits: readonly FileEdit[]): InstallState {
  const { store, host } = node;
  const pending = node.state;
  makeDirectories(host, store.backupDirectory);
  const state: InstallState = {
    stateVersion: 1,
    phase: "removing",
    distribution: node.preset.name,
    runtimeVersion: pending?.runtimeVersion ?? "",
    hasRuntime: false,
    shims: [],
    files: edits.map((edit) => recordEdit(store, edit, pending?.phase === "removing" ? pending : undefined)),
    directories: pending?.directories ?? [],
    previous: pending?.phase === "installed" ? { ...pending, previous: null } : (pending?.previous ?? null),
  };
  store.write(state);
  return state;
}

async function stopServing({ containerd, directory }: Node): Promise<void> {
  const before = await containerd.ask();
  const isServed =
    before === undefined ||
    [...before.handlers.values()].some(({ runtimeType }) => runtimeType.startsWith(`${directory}/`));
  if (!isServed) return;
  await containerd.restart();
  const answer = await containerd.waitFor(() => true);
  if (answer === undefined) throw notUp();
}

/** Files that running pods need stay, and are removed by the next uninstall. */
async function clean(node: Node, state: InstallState): Promise<InstallReport> {
  const { host, store, directory } = node;
  const recorded = [...state.files, ...(node.state?.files ?? [])].map(({ path }) => path);
  withoutScratch(host, [...recorded, ...listPlaces(node.node)]);
  await endIdleRuntime(node);
  const inUse = versionsInUse(host, directory);
  if (inUse.size > 0) {
    removeUnusedVersions(host, directory, []);
    return removedReport(node, `pods still run from "${directory}/lib/kwasm"; uninstall again when they have ended`);
  }
  removeUnusedVersions(host, directory, []);
  for (const name of host.list(posix.join(directory, "bin"))) {
    const isOurs = name.startsWith("containerd-shim-") || name.endsWith(".kwasm-new");
    if (isOurs) host.removeFile(posix.join(directory, "bin", name));
  }
  host.removeDirectory(posix.join(directory, "bin"));
  host.removeTree(posix.join(directory, "shims"));
  removeDeadLinks(node);
  // From here on there is nothing to restore, and the copies may go.
  store.write({ ...state, files: [], previous: null });
  removeDirectories(
    host,
    state.directories.filter((path) => !directory.startsWith(path) && !path.startsWith(directory)),
  );
  host.removeTree(store.backupDirectory);
  const files = ownFiles.map((name) => posix.join(directory, name));
  withoutScratch(host, [...files, store.statePath]);
  for (const file of files) host.removeFile(file);
  removeDirectories(
    host,
    ["lib", "lib/kwasm"].map((name) => posix.join(directory, name)),
  );
  // The last: until then the next run knows what is left to do.
  host.removeFile(store.statePath);
  removeDirectories(host, [...state.directories, ...parentsOf(directory), directory]);
  return removedReport(node, "nothing of ours is left on the node");
}

/** What is ours in our folder beside shims and versions, and what KWasm's installer left there. */
const ownFiles = ["lib/kwasm/current", "check.toml", "install-report.json", "active", "kwasm-lock.json"];

/** A folder for one distribution is in the folder for all. */
function parentsOf(directory: string): readonly string[] {
  return directory.startsWith("/opt/kwasm/") ? ["/opt/kwasm"] : [];
}

/** containerd-shim-spin's installer linked its shim into a folder of PATH. */
function removeDeadLinks({ host }: Node): void {
  const folder = "/usr/local/bin";
  for (const name of host.list(folder)) {
    const path = posix.join(folder, name);
    const isDead = host.readLink(path)?.startsWith("/opt/kwasm/bin/") === true && !host.isThere(path);
    if (isDead) host.removeFile(path);
  }
}

function removedReport(node: Node, message: string): InstallReport {
  return reportOf(node, {
    outcome: "removed",
    runtimeVersion: node.state?.runtimeVersion ?? "",
    reason: "Removed",
    message,
  });
}
