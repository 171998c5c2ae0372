import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { StatePaths } from "../store/state-paths.ts";

/**
 * Removes all that control keeps in a state folder: objects, events, pods' files and logs, the node part's journal and
 * its cells' output. Images, which `kwasm build` made, and control's own log stay. To be called by whoever holds the
 * folder, after everything else has ended.
 */
export async function forgetState(paths: StatePaths): Promise<void> {
  const database = ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "state.sqlite-journal"];
  const node = ["node.journal", "cells.log"];
  const folders = [paths.podsDir, paths.logsDir, paths.unpackedDir];
  const targets = [...folders, ...[...database, ...node].map((name) => join(paths.stateDir, name))];
  await Promise.all(targets.map((path) => rm(path, { recursive: true, force: true })));
}
