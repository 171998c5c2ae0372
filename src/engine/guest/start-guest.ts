import type { GuestModule } from "../loader/index.ts";
import { createP1Host, type P1Config, p1ModuleName } from "../p1/index.ts";
import { createMemoryPool } from "./memory-pool.ts";
import { type Guest, runGuest } from "./run-guest.ts";

/** Everything one guest is given, except what the runner itself supplies. Its memory limit came with the load. */
export type GuestConfig = Omit<P1Config, "onExit">;

/** One for the thread: memories of every guest are alike once they are zero. */
const threadPool = createMemoryPool();

/**
 * Starts a WASI 0.1 guest. Rejects before any instruction of it runs where an import is missing (all of them are
 * named) or there is no room for its memory; from then on every way to end is a `GuestEnd`. All handles in `config`
 * belong to the guest and are closed at its end, and also where it could not be started.
 */
export async function startGuest(module: GuestModule, config: GuestConfig): Promise<Guest> {
  return runGuest(module, {
    importModule: p1ModuleName,
    createHost: (hooks) => createP1Host({ ...config, ...hooks }),
    pool: threadPool,
    thread: config.thread,
  });
}
