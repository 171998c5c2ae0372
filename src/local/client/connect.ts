import { existsSync } from "node:fs";
import { KwasmError } from "#base";
import { forgetState } from "../daemon/forget-state.ts";
import { hasState, openStateDatabase } from "../store/state-database.ts";
import { statePaths } from "../store/state-paths.ts";
import { LocalClient } from "./local-client.ts";
import { retryOnChange, startDaemon } from "./start-daemon.ts";

export interface ConnectOptions {
  readonly stateDir: string;
  /** Words after the Node binary that start the control process with `readyFd: 3`; paths in it are absolute. */
  readonly daemonCommand: readonly string[];
}

/** Reaches the control process of a state folder, which is started when there is none. */
export async function connect(options: ConnectOptions): Promise<LocalClient> {
  const client = await connectIfRunning(options.stateDir);
  if (client !== undefined) return client;
  try {
    await startDaemon(options.stateDir, options.daemonCommand);
  } catch (error) {
    // Another command has started one in the meantime, or one is about to end.
    if (KwasmError.from(error, "start control").code !== "failed-precondition") throw error;
    return retryOnChange(options.stateDir, () => connectIfRunning(options.stateDir));
  }
  return new LocalClient(statePaths(options.stateDir));
}

/** As `connect`, but undefined for a state folder that remembers nothing: a question alone starts no process. */
export async function connectIfKnown(options: ConnectOptions): Promise<LocalClient | undefined> {
  return hasState(options.stateDir) ? connect(options) : undefined;
}

/** Undefined when no control process answers there. */
export async function connectIfRunning(stateDir: string): Promise<LocalClient | undefined> {
  const client = new LocalClient(statePaths(stateDir));
  try {
    await client.health();
    return client;
  } catch (error) {
    const { code } = KwasmError.from(error, "reach the control process");
    if (code === "unavailable" || code === "not-found") return undefined;
    throw error;
  }
}

/** Ends everything of a state folder and forgets it, whether or not a control process runs. */
export async function down(
  stateDir: string,
  options: { readonly keepObjects: boolean } = { keepObjects: false },
): Promise<void> {
  const client = await connectIfRunning(stateDir);
  if (client !== undefined) return client.down(options);
  if (options.keepObjects || !existsSync(stateDir)) return;
  // Whoever holds the folder's lock is the only one to change it.
  using _database = openStateDatabase(stateDir);
  await forgetState(statePaths(stateDir));
}
