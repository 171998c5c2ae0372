import type { InstallReport } from "#api";
import { KwasmError } from "#base";

import { notUp } from "./containerd.ts";
import { removeUnusedVersions } from "./layout.ts";
import { type Node, reportOf } from "./node.ts";
import { withoutScratch } from "./scratch.ts";
import type { InstallState } from "./state.ts";
import { removeDirectories, undoFiles } from "./transaction.ts";

/** Brings the node back to where it was before the change, its containerd included. */
export async function rollBack(node: Node, state: InstallState, cause: KwasmError): Promise<InstallReport> {
  const { host, store } = node;
  const fields = { runtimeVersion: state.runtimeVersion, reason: reasonOf(cause) };
  try {
    undoFiles(host, store, state);
    withoutScratch(
      host,
      state.files.map(({ path }) => path),
    );
    const needsRestart = await isStale(node, state);
    // Where a restart ends this process too, nobody comes after it.
    const isLast = node.node.restarts.some(({ kind }) => kind === "end-node");
    if (isLast) forget(node, state);
    if (needsRestart) await bringBack(node);
    if (!isLast) forget(node, state);
  } catch (error) {
    const { message } = KwasmError.from(error, "undo");
    const advice = `the files as they were are in "${store.backupDirectory}", named in "${store.statePath}"`;
    return reportOf(node, { ...fields, outcome: "failed", message: `${cause.message}; then ${message}; ${advice}` });
  }
  const message = `${cause.message}; the node is as it was before`;
  return reportOf(node, { ...fields, outcome: "rolled-back", message });
}

/** Whether the running containerd may have read what was undone. */
async function isStale({ containerd, directory }: Node, { previous }: InstallState): Promise<boolean> {
  const answer = await containerd.ask();
  if (answer === undefined || containerd.wasRestarted) return true;
  const servesOurs = [...answer.handlers.values()].some(({ runtimeType }) =>
    runtimeType.startsWith(`${directory}/bin/`),
  );
  return servesOurs !== (previous !== null);
}

async function bringBack({ containerd }: Node): Promise<void> {
  await containerd.restart();
  const answer = await containerd.waitFor(() => true);
  if (answer === undefined) throw notUp();
}

function forget(node: Node, state: InstallState): void {
  const { host, store, directory } = node;
  const { previous } = state;
  if (previous !== null) {
    store.write(previous);
    store.prune(previous);
    removeUnusedVersions(host, directory, [previous.runtimeVersion]);
    return;
  }
  removeUnusedVersions(host, directory, []);
  host.removeTree(store.backupDirectory);
  host.removeFile(store.statePath);
  removeDirectories(host, state.directories);
}

const reasons: Readonly<Partial<Record<KwasmError["code"], string>>> = {
  unavailable: "ContainerdNotStarted",
  "deadline-exceeded": "ContainerdNotStarted",
  "failed-precondition": "ConfigurationRefused",
  "permission-denied": "PermissionDenied",
  "limit-exceeded": "NoSpace",
};

export function reasonOf(error: KwasmError): string {
  return reasons[error.code] ?? "StepFailed";
}
