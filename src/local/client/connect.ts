import { existsSync } from "node:fs";
import { KwasmError, systemErrorCode } from "#base";
import { forgetState } from "../daemon/forget-state.ts";
import { hasState, openStateDatabase } from "../store/state-database.ts";
import { statePaths } from "../store/state-paths.ts";
import { LocalClient } from "./local-client.ts";
import { START_TIMEOUT_MS, startDaemon } from "./start-daemon.ts";

/** Control answers from a table; one that takes this long is stuck and has to be ended by hand. */
const HEALTH_TIMEOUT_MS = 10_000;

export interface ConnectOptions {
  readonly stateDir: string;
  /** Words after the Node binary that start the control process with `readyFd: 3`; paths in it are absolute. */
  readonly daemonCommand: readonly string[];
}

/** Reaches the control process of a state folder, which is started when there is none. */
export async function connect(options: ConnectOptions): Promise<LocalClient> {
  const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
  for (;;) {
    const client = await connectIfRunning(options.stateDir);
    if (client !== undefined) return client;
    try {
      await startDaemon(options.stateDir, options.daemonCommand);
    } catch (error) {
      // Another process holds the folder, which the started one has waited for: it is starting, or about to end.
      const isHeld = KwasmError.from(error, "start the control process").code === "failed-precondition";
      if (!isHeld || deadline.aborted) throw error;
    }
  }
}

/** As `connect`, but undefined for a state folder that remembers nothing: a question alone starts no process. */
export async function connectIfKnown(options: ConnectOptions): Promise<LocalClient | undefined> {
  return hasState(options.stateDir) ? connect(options) : undefined;
}

/** Undefined when no control process answers there. */
export async function connectIfRunning(stateDir: string): Promise<LocalClient | undefined> {
  const client = new LocalClient(statePaths(stateDir));
  try {
    await client.health(AbortSignal.timeout(HEALTH_TIMEOUT_MS));
    return client;
  } catch (error) {
    // A process that dies now takes the connections along that it has not accepted.
    if (systemErrorCode(error) === "ECONNRESET") return undefined;
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
