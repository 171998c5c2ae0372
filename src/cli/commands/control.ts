import { join } from "node:path";

import { entryPath } from "#base";
import { connect, connectIfKnown, type ConnectOptions, type LocalClient, READY_FD } from "#local";

/** The folder of the local image store, which pods start from as well. */
export function imagesDirectoryOf(stateDirectory: string): string {
  return join(stateDirectory, "images");
}

/** Reaches the control process of the state directory, and starts it where none runs. */
export function connectControl(stateDirectory: string): Promise<LocalClient> {
  return connect(connectOptions(stateDirectory));
}

/** As `connectControl`, but undefined where nothing was ever started: a question alone starts no process. */
export function connectControlIfKnown(stateDirectory: string): Promise<LocalClient | undefined> {
  return connectIfKnown(connectOptions(stateDirectory));
}

/**
 * Control is this very program with its hidden command `daemon`. The path of a bundle is its real one, so that control
 * keeps the build that it began with.
 */
function connectOptions(stateDirectory: string): ConnectOptions {
  const program = entryPath(import.meta.url, "../main.ts", "kwasm.js");
  return {
    stateDir: stateDirectory,
    daemonCommand: [
      ...process.execArgv,
      program,
      "daemon",
      "--state",
      stateDirectory,
      "--ready-descriptor",
      String(READY_FD),
    ],
  };
}
