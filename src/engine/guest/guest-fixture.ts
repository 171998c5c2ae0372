import { createLoader, type LoadOptions } from "../loader/index.ts";
import { wat } from "../loader/wat-fixture.ts";
import type { GuestHost, HostHooks } from "./host-contract.ts";
import { createMemoryPool } from "./memory-pool.ts";
import { type Guest, runGuest } from "./run-guest.ts";

const loader = createLoader();
const pool = createMemoryPool();

/** A host of a few calls: `exit`, `wait` (until the guest is killed), `pass` and `fail`. */
export class FixtureHost implements GuestHost {
  readonly imports: Readonly<Record<string, WebAssembly.ImportValue>>;
  readonly #aborted = Promise.withResolvers<never>();
  memory: WebAssembly.Memory | undefined;
  closedCount = 0;

  constructor(hooks: HostHooks) {
    this.#aborted.promise.catch(() => "seen by whoever waits");
    this.imports = {
      exit(code: number) {
        throw hooks.onExit(code);
      },
      wait: new WebAssembly.Suspending(() => this.#aborted.promise),
      pass: new WebAssembly.Suspending(() => Promise.resolve()),
      fail() {
        throw new Error("the disk is gone");
      },
    };
  }

  bind(memory: WebAssembly.Memory): void {
    this.memory = memory;
  }

  abort(error: Error): void {
    this.#aborted.reject(error);
  }

  close(): void {
    this.closedCount += 1;
  }
}

export interface StartedGuest {
  readonly guest: Guest;
  readonly host: FixtureHost;
}

/** Starts a module in text form whose host calls come from module "host". */
export async function startText(
  text: string,
  options: LoadOptions = { memoryBytesMax: 2 ** 20 },
): Promise<StartedGuest> {
  const module = await loader.load(wat(text), options);
  const hosts: FixtureHost[] = [];
  function createHost(hooks: HostHooks): GuestHost {
    const host = new FixtureHost(hooks);
    hosts.push(host);
    return host;
  }
  const guest = runGuest(module, { importModule: "host", createHost, pool });
  const [host] = hosts;
  if (host === undefined) throw new Error("the guest was started without a host");
  return { guest, host };
}
