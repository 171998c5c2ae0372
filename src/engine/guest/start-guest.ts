import { discardedOutput } from "../host/index.ts";
import type { GuestModule } from "../loader/index.ts";
import { createP1Host, type P1Config, p1ModuleName } from "../p1/index.ts";
import type { CoreInvocation } from "./core-invocation.ts";
import { createMemoryPool } from "./memory-pool.ts";
import type { ThreadWatch } from "./host-contract.ts";
import { type Guest, runGuest } from "./run-guest.ts";
import { writeText } from "./write-text.ts";

/** Everything one guest is given, except what the runner itself supplies. Its memory limit came with the load. */
export interface GuestConfig extends Omit<P1Config, "onExit" | "thread"> {
  readonly thread?: ThreadWatch;
  /** Links functions that are imported and not offered as traps, instead of refusing the module. */
  readonly trapsUnknownImports?: boolean;
  /** A call of an exported function, which is made instead of what the module would run. */
  readonly call?: CoreInvocation;
}

/** One for the thread: memories of every guest are alike once they are zero. */
const threadPool = createMemoryPool();

/**
 * Starts a WASI 0.1 guest. Rejects before any instruction of it runs where an import is missing (all of them are
 * named) or there is no room for its memory; from then on every way to end is a `GuestEnd`. All handles in `config`
 * belong to the guest and are closed at its end, and also where it could not be started.
 */
export async function startGuest(
  module: GuestModule,
  { thread, trapsUnknownImports, call, ...config }: GuestConfig,
): Promise<Guest> {
  return runGuest(module, {
    importModule: p1ModuleName,
    createHost: (hooks) => createP1Host({ ...config, ...hooks }),
    pool: threadPool,
    thread,
    trapsUnknownImports,
    invoke: call && {
      ...call,
      onAnswer: async (answer) => {
        const text = call.print(answer);
        if (text !== "") await writeText(config.stdout ?? discardedOutput, `${text}\n`);
      },
    },
  });
}
