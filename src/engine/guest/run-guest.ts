import {
  type GuestModule,
  instanceModule,
  memoryLimitExport,
  pageBytes,
  pageLimitsOf,
  refusedGlobalExport,
  startExport,
} from "../loader/index.ts";
import { checkImports, type HostImports } from "./check-imports.ts";
import type { GuestEnd } from "./guest-end.ts";
import { GuestFootprint } from "./guest-footprint.ts";
import { acquireMemories, type GuestMemories } from "./guest-memories.ts";
import { readGuestFrames } from "./guest-stack.ts";
import type { GuestHost, GuestThread, HostHooks, ThreadWatch } from "./host-contract.ts";
import type { MemoryPool } from "./memory-pool.ts";
import { makeUncatchableError } from "./trap-error.ts";
import { describeTrap } from "./trap-kind.ts";
import { withUnknownTrapped } from "./unknown-imports.ts";

/** Memory that a guest asked for and did not get. */
export interface MemoryRefusal {
  readonly askedBytes: number;
  readonly limitBytes: number;
}

/** A guest that was started. */
export interface Guest {
  /** Resolves once the guest is gone and everything it held is released; never rejects. */
  readonly ended: Promise<GuestEnd>;
  /**
   * Ends the guest as soon as it is not computing: at once where it waits in a host call, else at its next one. The
   * guest cannot catch this. Has no effect on a guest that has ended.
   */
  kill(reason: string): void;
  /** Size of its memories and tables now, or at its end. */
  memoryBytes(): number;
  /**
   * Changes the cap on memories and tables. A guest keeps what it has: under a cap below that it gets no more, and
   * tables keep the greatest size that they began with.
   */
  limitMemory(memoryBytesMax: number): void;
  /** The last growth that was refused, also where the guest went on without it. */
  memoryRefused(): MemoryRefusal | undefined;
}

/** Where a guest's host functions come from. */
export interface GuestEnvironment {
  /** The module name under which guests import them. */
  readonly importModule: string;
  readonly createHost: (hooks: HostHooks) => GuestHost;
  readonly pool: MemoryPool;
  readonly thread?: ThreadWatch | undefined;
  /** Links functions that are imported and not offered as traps, instead of refusing the module. */
  readonly trapsUnknownImports?: boolean | undefined;
  /** A function that is called instead of what the module would run, and what is done with its answer. */
  readonly invoke?: CoreCall | undefined;
}

interface CoreCall {
  readonly name: string;
  readonly parameters: readonly (number | bigint)[];
  readonly onAnswer: (answer: unknown) => Promise<void>;
}

/**
 * Starts an instance of `module`. Throws before any instruction of the guest runs where its imports cannot be met or
 * there is no room for its memory. The guest runs its first stretch, up to where it first waits, before this returns.
 */
export function runGuest(module: GuestModule, environment: GuestEnvironment): Guest {
  const guest = new RunningGuest(module, environment);
  guest.start();
  return guest;
}

/** An end that is thrown through the guest: the very object tells it from every other error. */
interface Ending {
  readonly error: Error;
  readonly end: GuestEnd;
}

class RunningGuest implements Guest {
  readonly #module: GuestModule;
  readonly #host: GuestHost;
  readonly #thread: GuestThread | undefined;
  readonly #memories: GuestMemories;
  readonly #footprint: GuestFootprint;
  readonly #invoke: CoreCall | undefined;
  readonly #imports: WebAssembly.Imports;
  readonly #ended = Promise.withResolvers<GuestEnd>();
  #exports: WebAssembly.Exports = {};
  #memoryBytesMax: number;
  #exit: Ending | undefined;
  #kill: Ending | undefined;
  /** Ends the wait of a reactor that has nothing to do; there is no host call to abort then. */
  #endIdle: ((error: Error) => void) | undefined;
  #over = false;
  #finalBytes = 0;
  #finalRefusal: MemoryRefusal | undefined;

  constructor(module: GuestModule, environment: GuestEnvironment) {
    this.#module = module;
    this.#memoryBytesMax = module.memoryBytesMax;
    this.#invoke = environment.invoke;
    this.#thread = environment.thread && this.#tell(environment.thread);
    this.#host = environment.createHost({
      onExit: (code) => this.#exitWith(code),
      ...(this.#thread && { thread: this.#thread }),
    });
    let offered: HostImports = { [environment.importModule]: this.#host.imports };
    try {
      if (environment.trapsUnknownImports === true) offered = withUnknownTrapped(module.imports, offered);
      checkImports(module.imports, offered);
      this.#memories = acquireMemories(module, environment.pool);
      this.#footprint = new GuestFootprint(module, this.#memories.all);
    } catch (error) {
      this.#host.close();
      throw error;
    }
    this.#imports = { ...offered, [instanceModule]: this.#memories.imports };
  }

  get ended(): Promise<GuestEnd> {
    return this.#ended.promise;
  }

  start(): void {
    this.#host.bind(this.#memories.main);
    void this.#run().then((end) => this.#finish(end));
  }

  kill(reason: string): void {
    if (this.#over || this.#kill !== undefined) return;
    const error = makeUncatchableError(`the guest was killed: ${reason}`);
    this.#kill = { error, end: { kind: "killed", reason } };
    this.#host.abort(error);
    this.#endIdle?.(error);
  }

  memoryBytes(): number {
    return this.#over ? this.#finalBytes : this.#footprint.bytes();
  }

  limitMemory(memoryBytesMax: number): void {
    this.#memoryBytesMax = memoryBytesMax;
    this.#setPageLimits();
  }

  memoryRefused(): MemoryRefusal | undefined {
    if (this.#over) return this.#finalRefusal;
    const refused = this.#exports[refusedGlobalExport];
    if (!(refused instanceof WebAssembly.Global) || typeof refused.value !== "number") return undefined;
    // The delta is an unsigned number of pages in a signed global; a growth by zero pages is never refused.
    const pages = refused.value >>> 0;
    return pages === 0 ? undefined : { askedBytes: pages * pageBytes, limitBytes: this.#memoryBytesMax };
  }

  #tell(watch: ThreadWatch): GuestThread {
    return {
      enter: () => watch.enter(),
      leave: () => watch.leave(this.memoryBytes()),
      yield: () => watch.yield(this.memoryBytes()),
    };
  }

  /** A limit is never less than what the memory has: the helper that reads it relies on that. */
  #setPageLimits(): void {
    pageLimitsOf(this.#module, this.#memoryBytesMax).forEach((pages, index) => {
      const limit = this.#exports[memoryLimitExport(index)];
      const pagesNow = (this.#memories.all[index]?.buffer.byteLength ?? 0) / pageBytes;
      if (limit instanceof WebAssembly.Global) limit.value = Math.max(pages, pagesNow);
    });
  }

  #exitWith(code: number): Error {
    const error = makeUncatchableError(`the guest exited with code ${code}`);
    this.#exit = { error, end: { kind: "exit", code } };
    return error;
  }

  async #run(): Promise<GuestEnd> {
    try {
      this.#instantiate();
      await this.#call("_initialize");
      if (this.#invoke !== undefined) {
        const { name, parameters, onAnswer } = this.#invoke;
        await onAnswer(await this.#call(name, parameters));
        return { kind: "exit", code: 0 };
      }
      if (this.#module.kind === "reactor") await this.#idle();
      await this.#call("_start");
      return { kind: "exit", code: 0 };
    } catch (thrown) {
      return this.#endOf(thrown);
    }
  }

  /** A start section runs in here, before anything can suspend it. */
  #instantiate(): void {
    this.#thread?.enter();
    try {
      this.#exports = new WebAssembly.Instance(this.#module.compiled.module, this.#imports).exports;
      this.#footprint.watchTables(this.#exports);
      this.#setPageLimits();
      const start = this.#exports[startExport];
      if (typeof start === "function") Reflect.apply(start, undefined, []);
    } finally {
      this.#thread?.leave();
    }
  }

  /** Runs an exported function on a stack of its own, which host calls may suspend. */
  async #call(name: string, parameters: readonly (number | bigint)[] = []): Promise<unknown> {
    const entry = this.#exports[name];
    if (typeof entry !== "function") return undefined;
    this.#thread?.enter();
    try {
      return await WebAssembly.promising(entry)(...parameters);
    } finally {
      this.#thread?.leave();
    }
  }

  #idle(): Promise<never> {
    return new Promise((_resolve, reject) => {
      this.#endIdle = reject;
      if (this.#kill !== undefined) reject(this.#kill.error);
    });
  }

  #endOf(thrown: unknown): GuestEnd {
    if (this.#exit !== undefined && thrown === this.#exit.error) return this.#exit.end;
    if (this.#kill !== undefined && thrown === this.#kill.error) return this.#kill.end;
    const { trap, message } = describeTrap(thrown);
    const frames = readGuestFrames(thrown, this.#module.compiled);
    const refusal = this.memoryRefused();
    if (refusal === undefined) return { kind: "trap", trap, message, frames };
    return { kind: "out-of-memory", ...refusal, message, frames };
  }

  /**
   * The memory of a killed guest is not used again: a host call was cut short, and whatever it had begun may still
   * come to an end.
   */
  #finish(end: GuestEnd): void {
    this.#finalBytes = this.#footprint.bytes();
    this.#finalRefusal = this.memoryRefused();
    this.#over = true;
    this.#exports = {};
    try {
      this.#host.close();
      if (this.#kill === undefined) this.#memories.release();
    } finally {
      this.#ended.resolve(end);
    }
  }
}
